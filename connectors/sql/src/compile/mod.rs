//! From parsed expressions to typed ones of DataFusion: names are found, types are checked and made to
//! fit, so that DataFusion has no rules of its own to apply.

mod calls;
mod operators;
mod types;

pub(crate) use types::common_column_type;

use std::cell::Cell;

use seatunnel_api::{DataType, Error, Result, RowField};
use seatunnel_transforms::columns::known_columns;
use sqlparser::ast::{
    AccessExpr, CastKind, CeilFloorKind, DataType as SqlType, DateTimeField, Expr, Ident, Spanned,
    Subscript, TrimWhereField, Value,
};

use crate::cast::can_cast;
use crate::codes;
use crate::errors::refuse;
use crate::expr::{
    self, Typed, constant, constant_boolean, constant_double, constant_int, constant_long,
    constant_null, constant_text, negated,
};
use crate::operation::{Kind, Operation};
use crate::relation::Calls;
use crate::scope::Scope;
use types::sql_type;

/// How deep expressions may be nested: computing them goes as deep, on the stack of a task.
const DEEPEST: usize = 128;

fn unsupported(expr: &Expr, what: &str) -> Error {
    refuse(
        codes::SQL_UNSUPPORTED,
        expr.span(),
        format!("{what} is not supported: `{expr}`"),
    )
}

/// Compiles the expressions of a query.
pub(crate) struct Compiler<'a> {
    scope: &'a Scope,
    depth: Cell<usize>,
    /// Takes the calls that see more than one row, where there may be some.
    calls: Option<&'a Calls>,
}

/// Whether it is a type of whole numbers.
pub(crate) fn is_whole(data_type: &DataType) -> bool {
    types::whole(data_type)
}

/// Whether it is a type of numbers.
pub(crate) fn is_number(data_type: &DataType) -> bool {
    types::arithmetic_type(data_type, &DataType::Int).is_some()
}

impl<'a> Compiler<'a> {
    /// For expressions over the rows of these tables.
    pub(crate) fn new(scope: &'a Scope) -> Self {
        Self {
            scope,
            depth: Cell::new(0),
            calls: None,
        }
    }

    /// For expressions in which aggregates and windows may be called.
    pub(crate) fn with_calls(scope: &'a Scope, calls: &'a Calls) -> Self {
        Self {
            calls: Some(calls),
            ..Self::new(scope)
        }
    }

    /// For what is inside of an aggregate.
    pub(crate) fn inner(&self) -> Self {
        Self::new(self.scope)
    }

    pub(crate) fn calls(&self) -> Option<&'a Calls> {
        self.calls
    }

    /// Compiles an expression.
    ///
    /// # Errors
    /// If a name isn't known, types don't fit, or the expression is none that this transform has.
    pub(crate) fn expr(&self, expr: &Expr) -> Result<Typed> {
        let depth = self.depth.get() + 1;
        if depth > DEEPEST {
            return Err(refuse(
                codes::SQL_UNSUPPORTED,
                expr.span(),
                format!("an expression nested deeper than {DEEPEST} levels is not supported"),
            )
            .with_help("split the query into two Sql transforms, or write lists with IN"));
        }
        self.depth.set(depth);
        let typed = self.compile(expr);
        self.depth.set(depth - 1);
        self.folded(typed?)
    }

    /// Compiles a condition.
    ///
    /// # Errors
    /// As [`Self::expr`], and if it is of another type.
    pub(crate) fn condition(&self, expr: &Expr) -> Result<Typed> {
        let typed = self.expr(expr)?;
        match typed.data_type {
            DataType::Boolean => Ok(typed),
            DataType::Null => Ok(self.converted(typed, &DataType::Boolean)),
            ref other => Err(refuse(
                codes::SQL_TYPE,
                expr.span(),
                format!("`{expr}` is no condition, its type is {other}"),
            )),
        }
    }

    /// A constant in place of a call with constants; the result is the same for every row.
    fn folded(&self, typed: Typed) -> Result<Typed> {
        let Some((operation, args)) = Operation::in_expr(&typed.expr) else {
            return Ok(typed);
        };
        match operation.folded(args)? {
            Some(value) => Ok(constant(value, typed.data_type)),
            None => Ok(typed),
        }
    }

    /// The same value in another type; the caller knows that it can be.
    pub(crate) fn converted(&self, of: Typed, to: &DataType) -> Typed {
        if of.data_type == *to {
            return of;
        }
        let typed = Operation::call(Kind::Cast { lenient: false }, vec![of], to.clone());
        match self.folded(typed.clone()) {
            Ok(folded) => folded,
            // The error comes with the first row.
            Err(_) => typed,
        }
    }

    /// The same number in another type, to be computed with or compared: a float is taken for the double that
    /// it is, not for the shortest decimal that it stands for, as CAST takes it.
    pub(crate) fn as_number(&self, of: Typed, to: &DataType) -> Typed {
        if of.data_type != DataType::Float || *to != DataType::Double {
            return self.converted(of, to);
        }
        let typed = Operation::call(Kind::Widened, vec![of], DataType::Double);
        self.folded(typed.clone()).unwrap_or(typed)
    }

    fn compile(&self, expr: &Expr) -> Result<Typed> {
        match expr {
            Expr::Identifier(name) => self.path(std::slice::from_ref(name)),
            Expr::CompoundIdentifier(names) => self.path(names),
            Expr::CompoundFieldAccess { root, access_chain } => {
                self.access(expr, root, access_chain)
            }
            Expr::Nested(inner) => self.expr(inner),
            Expr::Value(value) => {
                literal(&value.value).ok_or_else(|| unsupported(expr, "this literal"))
            }
            Expr::TypedString(typed) => {
                let Some(text) = typed.value.clone().into_string() else {
                    return Err(unsupported(expr, "this literal"));
                };
                self.cast(expr, constant_text(&text), &typed.data_type, false)
            }
            Expr::UnaryOp { op, expr: of } => self.unary(expr, op, of),
            Expr::BinaryOp { left, op, right } => self.binary(expr, left, op, right),
            Expr::IsNull(of) => Ok(expr::is_null(self.expr(of)?)),
            Expr::IsNotNull(of) => Ok(expr::not(expr::is_null(self.expr(of)?))),
            Expr::IsTrue(of) => Ok(expr::is(self.condition(of)?, true)),
            Expr::IsFalse(of) => Ok(expr::is(self.condition(of)?, false)),
            Expr::IsNotTrue(of) => Ok(expr::not(expr::is(self.condition(of)?, true))),
            Expr::IsNotFalse(of) => Ok(expr::not(expr::is(self.condition(of)?, false))),
            Expr::InList {
                expr: of,
                list,
                negated: not,
            } => Ok(negated(self.in_list(expr, of, list)?, *not)),
            Expr::Between {
                expr: of,
                negated: not,
                low,
                high,
            } => Ok(negated(self.between(expr, of, low, high)?, *not)),
            Expr::Like {
                negated: not,
                any: false,
                expr: of,
                pattern,
                escape_char: None,
            } => {
                let (text, pattern) = (self.text(of)?, self.text(pattern)?);
                Ok(negated(expr::like(text, pattern), *not))
            }
            Expr::Case {
                operand,
                conditions,
                else_result,
                ..
            } => self.case(expr, operand.as_deref(), conditions, else_result.as_deref()),
            Expr::Cast {
                kind,
                expr: of,
                data_type,
                array: false,
                format: None,
            } => {
                let of = self.expr(of)?;
                let lenient = matches!(kind, CastKind::TryCast | CastKind::SafeCast);
                self.cast(expr, of, data_type, lenient)
            }
            Expr::AtTimeZone {
                timestamp,
                time_zone,
            } => {
                let args = vec![self.expr(timestamp)?, self.expr(time_zone)?];
                self.call_by_name(expr, "AT TIME ZONE", args)
            }
            Expr::Extract {
                field, expr: of, ..
            } => {
                let field = match field {
                    DateTimeField::Custom(name) => name.value.clone(),
                    known => known.to_string(),
                };
                let args = vec![self.expr(of)?, constant_text(&field.to_ascii_uppercase())];
                self.call_by_name(expr, "EXTRACT", args)
            }
            Expr::Ceil { expr: of, field } => self.ceil_floor(expr, "CEIL", of, field),
            Expr::Floor { expr: of, field } => self.ceil_floor(expr, "FLOOR", of, field),
            Expr::Position { expr: search, r#in } => {
                let args = vec![self.expr(search)?, self.expr(r#in)?];
                self.call_by_name(expr, "POSITION", args)
            }
            Expr::Substring {
                expr: of,
                substring_from,
                substring_for,
                ..
            } => {
                let mut args = vec![self.expr(of)?];
                match substring_from {
                    Some(from) => args.push(self.expr(from)?),
                    None => args.push(constant_int(1)),
                }
                if let Some(length) = substring_for {
                    args.push(self.expr(length)?);
                }
                self.call_by_name(expr, "SUBSTRING", args)
            }
            Expr::Trim {
                trim_where,
                trim_what,
                expr: of,
                trim_characters,
            } => {
                let name = match trim_where {
                    Some(TrimWhereField::Leading) => "LTRIM",
                    Some(TrimWhereField::Trailing) => "RTRIM",
                    _ => "TRIM",
                };
                let mut args = vec![self.expr(of)?];
                let what = trim_what.as_deref().into_iter();
                for what in what.chain(trim_characters.iter().flatten()) {
                    args.push(self.expr(what)?);
                }
                self.call_by_name(expr, name, args)
            }
            Expr::Function(function) => self.function(expr, function),
            Expr::Subquery(_) | Expr::InSubquery { .. } | Expr::Exists { .. } => {
                Err(unsupported(expr, "a query inside an expression").with_help(
                    "join instead: LEFT SEMI JOIN for IN and EXISTS, LEFT ANTI JOIN for their opposites",
                ))
            }
            other => Err(unsupported(other, "this expression")),
        }
    }

    /// A column, a field of a row in it, or what a map in it holds under a key.
    fn path(&self, names: &[Ident]) -> Result<Typed> {
        let (column, rest) = self.scope.find(names)?;
        self.fields(column, rest)
    }

    fn fields(&self, of: Typed, names: &[Ident]) -> Result<Typed> {
        let mut typed = of;
        let mut rest = names.iter();
        while let Some(name) = rest.next() {
            typed = match typed.data_type.clone() {
                DataType::Row(fields) => field(typed, &fields, name)?,
                DataType::Map(key, value) if *key == DataType::String => {
                    if rest.len() > 0 {
                        return Err(refuse(
                            codes::SQL_UNSUPPORTED,
                            name.span,
                            format!("`{name}` can't be looked into: a map's key ends a path"),
                        ));
                    }
                    let kind = Kind::MapValue(name.value.clone());
                    Operation::call(kind, vec![typed], *value)
                }
                other => {
                    return Err(refuse(
                        codes::SQL_TYPE,
                        name.span,
                        format!(
                            "`{name}` stands behind a column of the type {other}, which has no parts"
                        ),
                    ));
                }
            };
        }
        Ok(typed)
    }

    /// `list[0]`, `map['key']`, and fields behind them.
    fn access(&self, expr: &Expr, root: &Expr, chain: &[AccessExpr]) -> Result<Typed> {
        // What leads to the first bracket is a name of a column, perhaps with its table's in front.
        let mut names = match root {
            Expr::Identifier(name) => vec![name.clone()],
            _ => Vec::new(),
        };
        let mut chain = chain;
        while let Some((AccessExpr::Dot(Expr::Identifier(name)), rest)) = chain.split_first()
            && !names.is_empty()
        {
            names.push(name.clone());
            chain = rest;
        }
        let mut typed = match names.is_empty() {
            true => self.expr(root)?,
            false => self.path(&names)?,
        };
        for step in chain {
            typed = match step {
                AccessExpr::Dot(Expr::Identifier(name)) => {
                    self.fields(typed, std::slice::from_ref(name))?
                }
                AccessExpr::Subscript(Subscript::Index { index }) => {
                    let index = self.expr(index)?;
                    self.element(expr, typed, index)?
                }
                _ => return Err(unsupported(expr, "this way into a value")),
            };
        }
        Ok(typed)
    }

    fn element(&self, expr: &Expr, of: Typed, index: Typed) -> Result<Typed> {
        match of.data_type.clone() {
            DataType::Array(element) if types::whole(&index.data_type) => {
                let index = self.converted(index, &DataType::BigInt);
                Ok(Operation::call(Kind::Element, vec![of, index], *element))
            }
            DataType::Map(key, value) if *key == DataType::String => match index.constant_text() {
                Some(name) => {
                    let kind = Kind::MapValue(name.to_owned());
                    Ok(Operation::call(kind, vec![of], *value))
                }
                None => Err(unsupported(expr, "a map's key that is no text in quotes")),
            },
            other => Err(refuse(
                codes::SQL_TYPE,
                expr.span(),
                format!(
                    "`{expr}`: what is of the type {other} has nothing at a position of the type {}",
                    index.data_type
                ),
            )
            .with_help("arrays have positions from 0 on, maps have texts in quotes as keys")),
        }
    }

    fn cast(&self, expr: &Expr, of: Typed, to: &SqlType, lenient: bool) -> Result<Typed> {
        let to = sql_type(to).map_err(|why| refuse(codes::SQL_TYPE, expr.span(), why))?;
        if !can_cast(&of.data_type, &to) {
            return Err(refuse(
                codes::SQL_TYPE,
                expr.span(),
                format!("`{expr}`: {} can't be cast to {to}", of.data_type),
            ));
        }
        if of.data_type == to {
            return Ok(of);
        }
        self.folded(Operation::call(Kind::Cast { lenient }, vec![of], to))
    }

    fn ceil_floor(
        &self,
        expr: &Expr,
        name: &str,
        of: &Expr,
        kind: &CeilFloorKind,
    ) -> Result<Typed> {
        match kind {
            CeilFloorKind::DateTimeField(DateTimeField::NoDateTime) => {
                self.call_by_name(expr, name, vec![self.expr(of)?])
            }
            _ => Err(unsupported(expr, &format!("{name} with a second argument"))),
        }
    }
}

fn field(of: Typed, fields: &[RowField], name: &Ident) -> Result<Typed> {
    let at = fields.iter().position(|f| f.name == name.value);
    let at = at.ok_or_else(|| {
        let known: Vec<&str> = fields.iter().map(|f| f.name.as_str()).collect();
        let what = format!("the row has no field `{}`", name.value);
        refuse(codes::SQL_UNKNOWN, name.span, what).with_help(known_columns(&name.value, &known))
    })?;
    let data_type = fields[at].data_type.clone();
    Ok(Operation::call(Kind::Field(at), vec![of], data_type))
}

fn literal(value: &Value) -> Option<Typed> {
    Some(match value {
        Value::Number(digits, _) => number(digits)?,
        Value::SingleQuotedString(text) => constant_text(text),
        Value::Boolean(value) => constant_boolean(*value),
        Value::Null => constant_null(),
        _ => return None,
    })
}

fn number(digits: &str) -> Option<Typed> {
    if digits.contains(['.', 'e', 'E']) {
        return digits.parse().ok().map(constant_double);
    }
    if let Ok(value) = digits.parse::<i32>() {
        return Some(constant_int(value));
    }
    digits.parse().ok().map(constant_long)
}
