//! `#[derive(OptionEnum)]`

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Error, LitStr, Result};

pub(crate) fn derive(input: &DeriveInput) -> Result<TokenStream> {
    let Data::Enum(data) = &input.data else {
        return Err(Error::new_spanned(input, "OptionEnum is for enums"));
    };
    let name = &input.ident;
    let api = crate::api();
    let mut words = Vec::new();
    let mut arms = Vec::new();
    let mut renders = Vec::new();
    for variant in &data.variants {
        if !variant.fields.is_empty() {
            return Err(Error::new_spanned(variant, "an option enum has no data"));
        }
        let ident = &variant.ident;
        let mut word = screaming_snake(&ident.to_string());
        let mut aliases: Vec<String> = Vec::new();
        for attribute in variant.attrs.iter().filter(|a| a.path().is_ident("option")) {
            attribute.parse_nested_meta(|meta| {
                let text: LitStr = meta.value()?.parse()?;
                if meta.path.is_ident("name") {
                    word = text.value();
                } else if meta.path.is_ident("alias") {
                    aliases.push(text.value());
                } else {
                    return Err(meta.error("expected name or alias"));
                }
                Ok(())
            })?;
        }
        renders.push(quote!(Self::#ident => #word));
        for known in std::iter::once(&word).chain(&aliases) {
            arms.push(quote!(if text.eq_ignore_ascii_case(#known) { return Some(Self::#ident); }));
        }
        words.push(word);
    }
    Ok(quote! {
        impl #api::options::OptionValue for #name {
            fn option_type() -> #api::options::OptionType {
                #api::options::OptionType::Enum(&[#(#words),*])
            }

            fn read(
                value: &#api::config::ConfigValue,
                reader: &mut #api::options::OptionReader<'_>,
            ) -> Option<Self> {
                let words: &[&str] = &[#(#words),*];
                let text = value.scalar_text().unwrap_or_default();
                let text = text.trim();
                #(#arms)*
                let mut expected = format!("one of {}", words.join(", "));
                if let Some(near) = #api::config::nearest(text, words.iter().copied()) {
                    expected.push_str(&format!(" (did you mean {near}?)"));
                }
                reader.wrong_type(value, &expected)
            }

            fn render(&self) -> String {
                match self { #(#renders),* }.to_owned()
            }
        }
    })
}

fn screaming_snake(name: &str) -> String {
    let mut out = String::new();
    for (index, c) in name.chars().enumerate() {
        if c.is_uppercase() && index > 0 {
            out.push('_');
        }
        out.extend(c.to_uppercase());
    }
    out
}
