//! Derives option declarations: see `seatunnel_api::options`.

mod enums;
mod structs;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Declares the options of a plugin or of a nested block.
///
/// On the struct: `#[options(exclusive("a", "b"))]`, `one_of(…)`, `together(…)`,
/// `required_if(key = "a", values("x"), required("b"))`. On a field: `#[option(key = "a.b",
/// fallback("old"), alias("other"), default = …, min = 1, max = 9, secret, since = "2.3.9", flatten)]`.
#[proc_macro_derive(Options, attributes(option, options))]
pub fn derive_options(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    structs::derive(&input)
        .unwrap_or_else(|error| error.to_compile_error())
        .into()
}

/// Makes an enum without data an option value: its variants in `SCREAMING_SNAKE_CASE`, or as
/// `#[option(name = "…", alias = "…")]` says, in any case.
#[proc_macro_derive(OptionEnum, attributes(option))]
pub fn derive_option_enum(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    enums::derive(&input)
        .unwrap_or_else(|error| error.to_compile_error())
        .into()
}

/// The doc comment of an item as one text.
fn doc_text(attributes: &[syn::Attribute]) -> String {
    let lines: Vec<String> = attributes
        .iter()
        .filter(|a| a.path().is_ident("doc"))
        .filter_map(|a| match &a.meta {
            syn::Meta::NameValue(pair) => match &pair.value {
                syn::Expr::Lit(syn::ExprLit {
                    lit: syn::Lit::Str(text),
                    ..
                }) => Some(text.value().trim().to_owned()),
                _ => None,
            },
            _ => None,
        })
        .collect();
    lines.join(" ").trim().to_owned()
}

/// The path of the api crate; that crate names itself so too.
fn api() -> proc_macro2::TokenStream {
    quote::quote!(::seatunnel_api)
}
