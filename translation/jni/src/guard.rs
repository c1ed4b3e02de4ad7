//! What stands around every method: bytes in, bytes out, errors and panics.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use jni::objects::{JByteArray, JThrowable, JValue};
use jni::{Env, EnvUnowned, jni_sig, jni_str};
use seatunnel_api::{Error, Result, codes};

/// Declares a method of `Native`: its name, its arguments, what it gives.
macro_rules! native {
    ($name:ident($env:ident $(, $arg:ident: $type:ty)* $(,)?) -> $result:ty $body:block) => {
        const _: () = {
            #[unsafe(export_name = concat!("Java_org_seatunnel_translation_Native_", stringify!($name)))]
            extern "system" fn method<'l>(
                unowned: jni::EnvUnowned<'l>,
                _class: jni::objects::JClass<'l>,
                $($arg: $type),*
            ) -> $result {
                $crate::guard::guard(unowned, move |$env| -> seatunnel_api::Result<$result> { $body })
            }
        };
    };
}
pub(crate) use native;

/// Runs the body of a method; an error or a panic becomes an exception.
pub(crate) fn guard<'l, T: Default>(
    mut unowned: EnvUnowned<'l>,
    body: impl FnOnce(&mut Env<'l>) -> Result<T>,
) -> T {
    let outcome = unowned.with_env(|env| -> std::result::Result<T, jni::errors::Error> {
        let error = match catch_unwind(AssertUnwindSafe(|| body(env))) {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(error)) => error,
            Err(panic) => panicked(panic),
        };
        if !env.exception_check() {
            throw(env, &error)?;
        }
        Ok(T::default())
    });
    outcome.resolve::<jni::errors::ThrowRuntimeExAndDefault>()
}

fn throw(env: &mut Env<'_>, error: &Error) -> std::result::Result<(), jni::errors::Error> {
    let code = env.new_string(error.code().id)?;
    let message = env.new_string(error.report())?;
    let thrown = env.new_object(
        jni_str!("org/seatunnel/translation/ConnectorException"),
        jni_sig!("(Ljava/lang/String;Ljava/lang/String;Z)V"),
        &[
            JValue::Object(&code),
            JValue::Object(&message),
            JValue::Bool(error.is_retryable()),
        ],
    )?;
    let thrown = env.cast_local::<JThrowable>(thrown)?;
    match env.throw(thrown) {
        Err(jni::errors::Error::JavaException) | Ok(()) => Ok(()),
        Err(other) => Err(other),
    }
}

fn panicked(panic: Box<dyn Any + Send>) -> Error {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    let text = text.unwrap_or_else(|| "no message".to_owned());
    Error::new(codes::INTERNAL, format!("panicked: {text}"))
        .with_help("this is a bug, not the job's fault; please report it")
}

/// Bytes that Java gives.
pub(crate) fn bytes_in(env: &Env<'_>, array: &JByteArray<'_>) -> Result<Vec<u8>> {
    env.convert_byte_array(array).map_err(of_java)
}

/// Bytes that Java may give.
pub(crate) fn optional_in(env: &Env<'_>, array: &JByteArray<'_>) -> Result<Option<Vec<u8>>> {
    match array.is_null() {
        true => Ok(None),
        false => bytes_in(env, array).map(Some),
    }
}

/// Bytes for Java.
pub(crate) fn bytes_out<'l>(env: &mut Env<'l>, bytes: &[u8]) -> Result<JByteArray<'l>> {
    env.byte_array_from_slice(bytes).map_err(of_java)
}

/// What goes wrong between the two sides.
pub(crate) fn of_java(error: jni::errors::Error) -> Error {
    Error::new(codes::INTERNAL, "a call from Java failed").with_cause(error)
}
