//! `#[derive(Options)]`

use proc_macro2::TokenStream;
use quote::quote;
use syn::{
    Data, DeriveInput, Error, Expr, ExprLit, Field, Fields, GenericArgument, Lit, LitStr,
    PathArguments, Result, Token, Type, parenthesized, punctuated::Punctuated,
};

/// What stands in `#[option(…)]`.
#[derive(Default)]
struct FieldAttributes {
    key: Option<String>,
    fallback: Vec<String>,
    /// Whether the names of `fallback` are as good as the key.
    equal: bool,
    default: Option<Expr>,
    min: Option<Expr>,
    max: Option<Expr>,
    since: Option<String>,
    secret: bool,
    flatten: bool,
}

pub(crate) fn derive(input: &DeriveInput) -> Result<TokenStream> {
    let Data::Struct(data) = &input.data else {
        return Err(Error::new_spanned(input, "Options is for structs"));
    };
    let Fields::Named(fields) = &data.fields else {
        return Err(Error::new_spanned(input, "options have names"));
    };
    let api = crate::api();
    let name = &input.ident;
    let doc = crate::doc_text(&input.attrs);
    let rules = rules(input, &api)?;
    // Flattened sets go behind the own options, so that own ones keep their positions.
    let mut flattened = Vec::new();
    let mut declared = Vec::new();
    let mut reads = Vec::new();
    let mut idents = Vec::new();
    for field in &fields.named {
        let attributes = field_attributes(field)?;
        let ident = field.ident.as_ref().expect("fields are named");
        let ty = &field.ty;
        idents.push(ident);
        if attributes.flatten {
            flattened.push(quote! {
                set.include(<#ty as #api::options::Options>::declaration());
            });
            reads.push(quote! {
                let #ident = <#ty as #api::options::Options>::read_fields(config, reader);
            });
            continue;
        }
        let index = declared.len();
        declared.push(declare(field, &attributes, &api)?);
        let inner = option_inner(ty);
        reads.push(match (&attributes.default, inner) {
            (Some(default), _) => {
                let default = default_expr(default);
                quote!(let #ident = reader.or_default::<#ty>(config, &own[#index], || #default);)
            }
            (None, Some(inner)) => {
                quote!(let #ident = reader.optional::<#inner>(config, &own[#index]);)
            }
            (None, None) => quote!(let #ident = reader.required::<#ty>(config, &own[#index]);),
        });
    }
    Ok(quote! {
        impl #api::options::Options for #name {
            fn declaration() -> &'static #api::options::OptionSet {
                static SET: ::std::sync::LazyLock<#api::options::OptionSet> =
                    ::std::sync::LazyLock::new(|| {
                        let mut set = #api::options::OptionSet {
                            doc: #doc,
                            options: vec![#(#declared),*],
                            rules: vec![#(#rules),*],
                        };
                        #(#flattened)*
                        let _ = &mut set;
                        set
                    });
                &SET
            }

            fn read_fields(
                config: &#api::config::ConfigValue,
                reader: &mut #api::options::OptionReader<'_>,
            ) -> Option<Self> {
                let own = &<Self as #api::options::Options>::declaration().options;
                let _ = own;
                #(#reads)*
                Some(Self { #(#idents: #idents?),* })
            }
        }

        impl #api::options::OptionValue for #name {
            fn option_type() -> #api::options::OptionType {
                #api::options::OptionType::Object(<Self as #api::options::Options>::declaration)
            }

            fn read(
                value: &#api::config::ConfigValue,
                reader: &mut #api::options::OptionReader<'_>,
            ) -> Option<Self> {
                if value.as_object().is_none() {
                    return reader.wrong_type(value, "an object");
                }
                <Self as #api::options::Options>::read(value, reader)
            }

            fn render(&self) -> String {
                "{…}".to_owned()
            }
        }
    })
}

fn declare(field: &Field, attributes: &FieldAttributes, api: &TokenStream) -> Result<TokenStream> {
    let ident = field.ident.as_ref().expect("fields are named");
    let key = attributes.key.clone().unwrap_or_else(|| ident.to_string());
    let fallback = &attributes.fallback;
    let doc = crate::doc_text(&field.attrs);
    if doc.is_empty() {
        return Err(Error::new_spanned(
            field,
            "the doc comment of an option is its documentation: write one",
        ));
    }
    let inner = option_inner(&field.ty);
    let value_type = inner.unwrap_or(&field.ty);
    let required = inner.is_none() && attributes.default.is_none();
    let default = match &attributes.default {
        Some(default) => {
            let expr = default_expr(default);
            quote!(Some({
                let default: #value_type = #expr;
                #api::options::OptionValue::render(&default)
            }))
        }
        None => quote!(None),
    };
    let number = |limit: &Option<Expr>| match limit {
        Some(expr) => quote!(Some((#expr) as f64)),
        None => quote!(None),
    };
    let (min, max) = (number(&attributes.min), number(&attributes.max));
    let since = match &attributes.since {
        Some(since) => quote!(Some(#since)),
        None => quote!(None),
    };
    let (secret, equal) = (attributes.secret, attributes.equal);
    Ok(quote! {
        #api::options::OptionSpec {
            key: #key,
            fallback_keys: &[#(#fallback),*],
            fallbacks_are_old: !#equal,
            option_type: <#value_type as #api::options::OptionValue>::option_type(),
            required: #required,
            default: #default,
            secret: #secret,
            since: #since,
            min: #min,
            max: #max,
            doc: #doc,
        }
    })
}

fn default_expr(default: &Expr) -> TokenStream {
    match default {
        Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) => quote!(::std::convert::Into::into(#text)),
        other => quote!(#other),
    }
}

fn field_attributes(field: &Field) -> Result<FieldAttributes> {
    let mut found = FieldAttributes::default();
    for attribute in field.attrs.iter().filter(|a| a.path().is_ident("option")) {
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("key") {
                found.key = Some(meta.value()?.parse::<LitStr>()?.value());
            } else if meta.path.is_ident("fallback") {
                found.fallback = string_list(meta.input)?;
            } else if meta.path.is_ident("alias") {
                found.fallback = string_list(meta.input)?;
                found.equal = true;
            } else if meta.path.is_ident("default") {
                found.default = Some(meta.value()?.parse()?);
            } else if meta.path.is_ident("min") {
                found.min = Some(meta.value()?.parse()?);
            } else if meta.path.is_ident("max") {
                found.max = Some(meta.value()?.parse()?);
            } else if meta.path.is_ident("since") {
                found.since = Some(meta.value()?.parse::<LitStr>()?.value());
            } else if meta.path.is_ident("secret") {
                found.secret = true;
            } else if meta.path.is_ident("flatten") {
                found.flatten = true;
            } else {
                return Err(meta.error("unknown part of #[option(…)]"));
            }
            Ok(())
        })?;
    }
    Ok(found)
}

fn string_list(input: syn::parse::ParseStream<'_>) -> Result<Vec<String>> {
    let content;
    parenthesized!(content in input);
    let list = Punctuated::<LitStr, Token![,]>::parse_terminated(&content)?;
    Ok(list.iter().map(LitStr::value).collect())
}

fn rules(input: &DeriveInput, api: &TokenStream) -> Result<Vec<TokenStream>> {
    let mut rules = Vec::new();
    for attribute in input.attrs.iter().filter(|a| a.path().is_ident("options")) {
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("required_if") {
                let (mut key, mut values, mut required) = (String::new(), Vec::new(), Vec::new());
                meta.parse_nested_meta(|part| {
                    if part.path.is_ident("key") {
                        key = part.value()?.parse::<LitStr>()?.value();
                    } else if part.path.is_ident("values") {
                        values = string_list(part.input)?;
                    } else if part.path.is_ident("required") {
                        required = string_list(part.input)?;
                    } else {
                        return Err(part.error("expected key, values or required"));
                    }
                    Ok(())
                })?;
                rules.push(quote!(#api::options::Rule::RequiredIf {
                    key: #key,
                    values: &[#(#values),*],
                    required: &[#(#required),*],
                }));
                return Ok(());
            }
            let keys = string_list(meta.input)?;
            let rule = if meta.path.is_ident("exclusive") {
                quote!(Exclusive)
            } else if meta.path.is_ident("one_of") {
                quote!(OneOf)
            } else if meta.path.is_ident("together") {
                quote!(Together)
            } else {
                return Err(meta.error("unknown rule"));
            };
            rules.push(quote!(#api::options::Rule::#rule(&[#(#keys),*])));
            Ok(())
        })?;
    }
    Ok(rules)
}

/// The `T` of an `Option<T>`.
fn option_inner(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last()?;
    if last.ident != "Option" {
        return None;
    }
    let PathArguments::AngleBracketed(arguments) = &last.arguments else {
        return None;
    };
    match arguments.args.first()? {
        GenericArgument::Type(inner) => Some(inner),
        _ => None,
    }
}
