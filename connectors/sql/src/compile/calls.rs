//! Calls of functions: names, arguments, types of results.

use seatunnel_api::config::nearest;
use seatunnel_api::{DataType, Error, Result};
use sqlparser::ast::{
    Expr, Function as SqlFunction, FunctionArg, FunctionArgExpr, FunctionArguments, Spanned,
};

use super::types::{arithmetic_type, element_type};
use super::{Compiler, unsupported};
use crate::cast::can_cast;
use crate::codes;
use crate::errors::{place, refuse};
use crate::expr::{self, Comparison, Typed, compare, constant_null};
use crate::functions::{self, Arg, Function, Returns};
use crate::operation::{Kind, Named, Operation};
use crate::pattern::Pattern;
use crate::relation::is_aggregate;

impl Compiler<'_> {
    pub(super) fn function(&self, expr: &Expr, function: &SqlFunction) -> Result<Typed> {
        let name = function.name.to_string();
        if function.over.is_some() {
            return self.window(expr, function);
        }
        if is_aggregate(&name) {
            return self.aggregate(expr, function);
        }
        if function.filter.is_some() {
            return Err(unsupported(expr, "a filter of a function"));
        }
        let mut args = Vec::new();
        match &function.args {
            FunctionArguments::None => {}
            FunctionArguments::Subquery(_) => {
                return Err(unsupported(expr, "a query inside a query"));
            }
            FunctionArguments::List(list) => {
                if list.duplicate_treatment.is_some() || !list.clauses.is_empty() {
                    return Err(unsupported(expr, "this form of arguments"));
                }
                for arg in &list.args {
                    let FunctionArg::Unnamed(FunctionArgExpr::Expr(arg)) = arg else {
                        return Err(unsupported(expr, "this form of arguments"));
                    };
                    args.push(self.expr(arg)?);
                }
            }
        }
        match name.to_ascii_uppercase().as_str() {
            "COALESCE" => self.coalesce(expr, args),
            "IFNULL" => {
                self.count(expr, args.len() == 2, "two arguments")?;
                self.coalesce(expr, args)
            }
            "NULLIF" => self.nullif(expr, args),
            "MULTI_IF" => self.multi_if(expr, args),
            _ => self.call_by_name(expr, &name, args),
        }
    }

    fn count(&self, expr: &Expr, fits: bool, wants: &str) -> Result<()> {
        if fits {
            return Ok(());
        }
        Err(refuse(
            codes::SQL_TYPE,
            expr.span(),
            format!("`{expr}` needs {wants}"),
        ))
    }

    fn coalesce(&self, expr: &Expr, args: Vec<Typed>) -> Result<Typed> {
        self.count(expr, !args.is_empty(), "an argument")?;
        // The type of the first one that has a type.
        let result = args
            .iter()
            .map(|a| &a.data_type)
            .find(|t| **t != DataType::Null)
            .cloned()
            .unwrap_or(DataType::Null);
        if let Some(other) = args.iter().find(|a| !can_cast(&a.data_type, &result)) {
            return Err(refuse(
                codes::SQL_TYPE,
                expr.span(),
                format!(
                    "`{expr}`: {} can't become {result}, the type of the first argument",
                    other.data_type
                ),
            ));
        }
        let args = args
            .into_iter()
            .map(|arg| self.converted(arg, &result))
            .collect();
        Ok(expr::coalesce(args, result))
    }

    fn nullif(&self, expr: &Expr, args: Vec<Typed>) -> Result<Typed> {
        self.count(expr, args.len() == 2, "two arguments")?;
        let (left, right) = self.comparable(expr, args[0].clone(), args[1].clone())?;
        let equal = compare(Comparison::Equal, &left, &right);
        let data_type = args[0].data_type.clone();
        let null = self.converted(constant_null(), &data_type);
        Ok(expr::case(vec![(equal, null)], args[0].clone(), data_type))
    }

    fn multi_if(&self, expr: &Expr, args: Vec<Typed>) -> Result<Typed> {
        let fits = args.len() >= 3 && args.len() % 2 == 1;
        self.count(
            expr,
            fits,
            "pairs of a condition and a value, and a last value",
        )?;
        let (otherwise, pairs) = args.split_last().expect("there are three at least");
        let mut branches = Vec::with_capacity(pairs.len() / 2);
        for pair in pairs.chunks(2) {
            let is_condition = pair[0].data_type == DataType::Boolean;
            self.count(expr, is_condition, "conditions in front of its values")?;
            branches.push((pair[0].clone(), pair[1].clone()));
        }
        self.first_that_holds(expr, branches, otherwise.clone())
    }

    pub(super) fn call_by_name(&self, expr: &Expr, name: &str, args: Vec<Typed>) -> Result<Typed> {
        let Some(function) = functions::find(name) else {
            let error = refuse(
                codes::SQL_UNKNOWN,
                expr.span(),
                format!("there is no function {name}"),
            );
            let known = nearest(name, functions::names());
            return Err(match known {
                Some(near) => error.with_help(format!("did you mean {near}?")),
                None => {
                    error.with_help("functions written for the JVM (UDFs) can't be called here")
                }
            });
        };
        let most = function.args.len();
        let fits = args.len() >= function.required && (function.variadic || args.len() <= most);
        let wants = match (function.required, most) {
            (0, 0) => "no argument".to_owned(),
            (least, _) if function.variadic => format!("{least} argument or more"),
            (least, most) if least == most => format!("{most} argument(s)"),
            (least, most) => format!("{least} to {most} arguments"),
        };
        self.count(expr, fits, &wants)?;
        let mut fitted = Vec::with_capacity(args.len());
        for (index, arg) in args.into_iter().enumerate() {
            let wanted = function.args[index.min(most - 1)];
            fitted.push(self.argument(expr, function, wanted, index, arg)?);
        }
        let fitted = self.alike(expr, function, fitted)?;
        let result = self.result(expr, function, &fitted)?;
        let typed = Operation::call(Kind::Function(Named(function)), fitted, result);
        let placed = |error: Error| {
            error.with_context("expression", format!("`{expr}`{}", place(expr.span())))
        };
        if let Some((operation, args)) = Operation::in_expr(&typed.expr) {
            // What is wrong with constant arguments, a pattern for one, shows before the first row.
            operation.check(args).map_err(placed)?;
        }
        self.folded(typed).map_err(placed)
    }

    fn argument(
        &self,
        expr: &Expr,
        function: &Function,
        wanted: Arg,
        index: usize,
        arg: Typed,
    ) -> Result<Typed> {
        let refused = |what: &str| {
            refuse(
                codes::SQL_TYPE,
                expr.span(),
                format!(
                    "argument {} of {} has to be {what}, not {}",
                    index + 1,
                    function.name(),
                    arg.data_type
                ),
            )
        };
        let is_number = |t: &DataType| arithmetic_type(t, &DataType::Int).is_some();
        let number = is_number(&arg.data_type);
        let null = arg.data_type == DataType::Null;
        Ok(match wanted {
            Arg::Any => arg,
            Arg::TextOrBytes if arg.data_type == DataType::Bytes => arg,
            Arg::Text | Arg::TextOrBytes => {
                if !can_cast(&arg.data_type, &DataType::String) {
                    return Err(refused("text"));
                }
                self.converted(arg, &DataType::String)
            }
            Arg::Long if number || null => self.converted(arg, &DataType::BigInt),
            Arg::Long => return Err(refused("a whole number")),
            Arg::Double if number || null => self.as_number(arg, &DataType::Double),
            Arg::Number if null => self.converted(arg, &DataType::Int),
            Arg::Number if number => arg,
            Arg::Double | Arg::Number => return Err(refused("a number")),
            Arg::Moment => match arg.data_type {
                DataType::Date | DataType::Time | DataType::Timestamp | DataType::TimestampTz => {
                    arg
                }
                DataType::Null => self.converted(arg, &DataType::Timestamp),
                _ => {
                    return Err(refused("a date, a time or a timestamp")
                        .with_help("to_date and parsedatetime read texts"));
                }
            },
            Arg::Instant => match arg.data_type {
                DataType::Timestamp | DataType::TimestampTz => arg,
                DataType::Date | DataType::Null => self.converted(arg, &DataType::Timestamp),
                _ => return Err(refused("a timestamp")),
            },
            Arg::Array => match &arg.data_type {
                DataType::Array(_) => arg,
                _ => return Err(refused("an array").with_help("split and array make arrays")),
            },
            Arg::Vector => match &arg.data_type {
                DataType::FloatVector(_) => arg,
                _ => return Err(refused("a float_vector")),
            },
            Arg::VectorOrArray => match &arg.data_type {
                DataType::FloatVector(_) => arg,
                DataType::Array(element) if is_number(element) => arg,
                _ => return Err(refused("a float_vector or an array of numbers")),
            },
        })
    }

    /// The arguments of ARRAY in one type, those of MAP in one for keys and one for values.
    fn alike(&self, expr: &Expr, function: &Function, args: Vec<Typed>) -> Result<Vec<Typed>> {
        let every = match function.result {
            Returns::Array => 1,
            Returns::Map => 2,
            _ => return Ok(args),
        };
        self.count(
            expr,
            args.len().is_multiple_of(every),
            "a value for each key",
        )?;
        let types: Vec<DataType> = (0..every)
            .map(|at| element_type(args.iter().skip(at).step_by(every).map(|a| &a.data_type)))
            .collect();
        args.into_iter()
            .enumerate()
            .map(|(index, arg)| {
                let wanted = &types[index % every];
                let fits = can_cast(&arg.data_type, wanted);
                self.count(expr, fits, &format!("values that can all become {wanted}"))?;
                Ok(self.converted(arg, wanted))
            })
            .collect()
    }

    fn result(&self, expr: &Expr, function: &Function, args: &[Typed]) -> Result<DataType> {
        let constant = |index: usize| args.get(index).and_then(Typed::constant_text);
        let first_or_text = |index: usize| {
            let arg: Option<&Typed> = args.get(index);
            arg.map_or(DataType::String, |a| a.data_type.clone())
        };
        Ok(match &function.result {
            Returns::Type(data_type) => data_type.clone(),
            Returns::Texts => DataType::Array(Box::new(DataType::String)),
            Returns::Arg(index) => args[*index].data_type.clone(),
            Returns::Array => DataType::Array(Box::new(first_or_text(0))),
            Returns::Map => DataType::Map(Box::new(first_or_text(0)), Box::new(first_or_text(1))),
            Returns::Element => match &args[0].data_type {
                DataType::Array(element) => (**element).clone(),
                other => other.clone(),
            },
            Returns::Reduced => {
                let wanted = args[1].constant_long().filter(|d| *d > 0);
                let wanted = wanted.and_then(|d| u32::try_from(d).ok());
                match (&args[0].data_type, wanted) {
                    (DataType::FloatVector(dimension), Some(wanted)) => {
                        DataType::FloatVector(wanted.min(*dimension))
                    }
                    _ => {
                        let what = format!("`{expr}`: the dimension has to be a number above 0");
                        return Err(refuse(codes::SQL_TYPE, expr.span(), what));
                    }
                }
            }
            Returns::DateAdd => self.added(expr, args)?,
            Returns::Pattern => {
                let Some(pattern) = constant(1) else {
                    return Err(refuse(
                        codes::SQL_UNSUPPORTED,
                        expr.span(),
                        format!("`{expr}`: the pattern has to be a text in quotes"),
                    ));
                };
                let parsed = Pattern::parse(pattern);
                let result = parsed.and_then(|p| {
                    p.result()
                        .ok_or_else(|| "it has neither a year nor an hour".to_owned())
                });
                result.map_err(|why| {
                    let what = format!("`{expr}`: the pattern {pattern:?}: {why}");
                    refuse(codes::SQL_VALUE, expr.span(), what)
                })?
            }
            Returns::Field => match constant(1) {
                Some("EPOCH") => DataType::BigInt,
                _ => DataType::Int,
            },
        })
    }

    /// The type of DATEADD.
    fn added(&self, expr: &Expr, args: &[Typed]) -> Result<DataType> {
        let constant = args.get(2).and_then(Typed::constant_text);
        let unit = constant.unwrap_or("DAY").to_ascii_uppercase();
        let small = matches!(
            unit.as_str(),
            "HOUR" | "MINUTE" | "SECOND" | "MILLISECOND" | "MICROSECOND"
        );
        Ok(match &args[0].data_type {
            DataType::Date if small => DataType::Timestamp,
            DataType::Date if args.len() > 2 && constant.is_none() => {
                return Err(refuse(
                    codes::SQL_UNSUPPORTED,
                    expr.span(),
                    format!("`{expr}`: the unit has to be a text in quotes"),
                ));
            }
            DataType::Time if !small => {
                return Err(refuse(
                    codes::SQL_TYPE,
                    expr.span(),
                    format!("`{expr}`: {unit} can't be added to a time"),
                ));
            }
            other => other.clone(),
        })
    }
}
