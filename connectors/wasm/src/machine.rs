//! A module and how it is run: a new instance for each batch, so that nothing is kept between two.

use seatunnel_api::{Error, Result};
use wasmi::{
    Caller, Config, Engine, Extern, Linker, Module, Store, StoreLimits, StoreLimitsBuilder,
    TrapCode, TypedFunc,
};

use crate::NAME;
use crate::codes;
use crate::options::WasmRule;

/// What each instance has besides its memory.
struct Host {
    limits: StoreLimits,
}

/// A compiled module.
pub(crate) struct Machine {
    engine: Engine,
    module: Module,
    linker: Linker<Host>,
    function: String,
    fuel_of_row: u64,
    memory: usize,
}

impl Machine {
    pub(crate) fn new(bytes: &[u8], rule: &WasmRule) -> Result<Self> {
        let unusable = |what: String| {
            Error::new(
                codes::MODULE,
                format!("{NAME}: the module is not usable: {what}"),
            )
        };
        let mut config = Config::default();
        config.consume_fuel(true);
        let engine = Engine::new(&config);
        let module = Module::new(&engine, bytes).map_err(|e| unusable(e.to_string()))?;
        let mut linker = Linker::<Host>::new(&engine);
        let mut provide = || -> std::result::Result<(), wasmi::errors::LinkerError> {
            linker.func_wrap("env", "log", log)?;
            // What AssemblyScript calls when it gives up.
            linker.func_wrap("env", "abort", abort)?;
            Ok(())
        };
        provide().map_err(|e| unusable(e.to_string()))?;
        let foreign: Vec<String> = module
            .imports()
            .filter(|i| !(i.module() == "env" && matches!(i.name(), "log" | "abort")))
            .map(|i| format!("{}.{}", i.module(), i.name()))
            .collect();
        if !foreign.is_empty() {
            return Err(
                unusable(format!("it asks for {}", foreign.join(", "))).with_help(
                    "there are no files, network and clock in the sandbox: build it without WASI, for instance with --target wasm32-unknown-unknown",
                ),
            );
        }
        let machine = Self {
            engine,
            module,
            linker,
            function: rule.function.clone(),
            fuel_of_row: rule.max_instructions_per_row,
            memory: rule.memory_limit_mb << 20,
        };
        // What is missing is found now, and not with the first row.
        machine.instance(1).map_err(|why| {
            unusable(why).with_help(format!(
                "it has to export `memory`, `alloc(size: i32) -> i32` and `{}(at: i32, size: i32) -> i64`",
                machine.function
            ))
        })?;
        Ok(machine)
    }

    fn instance(&self, rows: usize) -> std::result::Result<Instance, String> {
        let limits = StoreLimitsBuilder::new().memory_size(self.memory).build();
        let mut store = Store::new(&self.engine, Host { limits });
        store.limiter(|host| &mut host.limits);
        let fuel = self.fuel_of_row.saturating_mul(rows as u64 + 1);
        store.set_fuel(fuel).map_err(|e| e.to_string())?;
        let instance = self
            .linker
            .instantiate_and_start(&mut store, &self.module)
            .map_err(|e| told(&e))?;
        let memory = instance.get_memory(&store, "memory");
        let memory = memory.ok_or("it exports no `memory`")?;
        let alloc = instance
            .get_typed_func::<i32, i32>(&store, "alloc")
            .map_err(|e| format!("`alloc`: {e}"))?;
        let process = instance
            .get_typed_func::<(i32, i32), i64>(&store, &self.function)
            .map_err(|e| format!("`{}`: {e}", self.function))?;
        Ok(Instance {
            store,
            memory,
            alloc,
            process,
        })
    }

    /// What the function makes of a JSON text about so many rows.
    ///
    /// # Errors
    /// Why it failed.
    pub(crate) fn run(&self, input: &str, rows: usize) -> std::result::Result<String, String> {
        let mut instance = self.instance(rows)?;
        let size = i32::try_from(input.len()).map_err(|_| "a batch is larger than 2 GiB")?;
        let at = instance
            .alloc
            .call(&mut instance.store, size)
            .map_err(|e| format!("`alloc` failed: {}", told(&e)))?;
        instance
            .memory
            .write(&mut instance.store, at as u32 as usize, input.as_bytes())
            .map_err(|_| "`alloc` gave memory that is not there")?;
        let result = instance
            .process
            .call(&mut instance.store, (at, size))
            .map_err(|e| format!("`{}` failed: {}", self.function, told(&e)))?;
        let (at, size) = ((result >> 32) as u32 as usize, result as u32 as usize);
        let data = instance.memory.data(&instance.store);
        let text = data.get(at..at.saturating_add(size));
        let text =
            text.ok_or_else(|| format!("`{}` gave memory that is not there", self.function))?;
        String::from_utf8(text.to_vec())
            .map_err(|_| format!("what `{}` gave is not UTF-8", self.function))
    }
}

struct Instance {
    store: Store<Host>,
    memory: wasmi::Memory,
    alloc: TypedFunc<i32, i32>,
    process: TypedFunc<(i32, i32), i64>,
}

/// Why code stopped.
fn told(error: &wasmi::Error) -> String {
    match error.as_trap_code() {
        Some(TrapCode::OutOfFuel) => {
            "it takes too many instructions; see `max_instructions_per_row`".to_owned()
        }
        _ => error.to_string(),
    }
}

/// A message of the code, as text in its memory.
fn log(caller: Caller<'_, Host>, at: i32, size: i32) {
    let memory = caller.get_export("memory").and_then(Extern::into_memory);
    let Some(memory) = memory else { return };
    let (at, size) = (at as u32 as usize, (size as u32 as usize).min(4096));
    if let Some(text) = memory.data(&caller).get(at..at.saturating_add(size)) {
        tracing::info!("{NAME}: {}", String::from_utf8_lossy(text));
    }
}

fn abort(
    _caller: Caller<'_, Host>,
    _message: i32,
    _file: i32,
    line: i32,
    column: i32,
) -> std::result::Result<(), wasmi::Error> {
    Err(wasmi::Error::new(format!(
        "it aborted in line {line}, column {column}"
    )))
}
