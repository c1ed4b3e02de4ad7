//! From parsed expressions to typed ones: names are found, types are checked and made to fit.
//!
//! Types follow SeaTunnel's engine ("Zeta"): int with int is int, with bigint bigint; a decimal
//! operand makes a decimal of the larger precision and scale; any other mix is double.

use std::sync::Arc;

use arrow_array::{RecordBatch, RecordBatchOptions};
use seatunnel_api::config::nearest;
use seatunnel_api::{CatalogTable, DataType, Error, ErrorCode, MAX_DECIMAL, Result, RowField};
use seatunnel_transforms::columns::known_columns;
use sqlparser::ast::{
    BinaryOperator, CaseWhen, CastKind, CeilFloorKind, DataType as SqlType, DateTimeField,
    ExactNumberInfo, Expr, Function as SqlFunction, FunctionArg, FunctionArgExpr,
    FunctionArguments, Ident, Spanned, TimezoneInfo, TrimWhereField, UnaryOperator, Value,
};
use sqlparser::tokenizer::Span;

use crate::cast::can_cast;
use crate::codes;
use crate::functions::{self, Arg, Function, Returns};
use crate::node::{
    Comparison, Node, Typed, constant_boolean, constant_double, constant_int, constant_long,
    constant_null, constant_text,
};
use crate::pattern::Pattern;

/// Where in the query something stands, for messages.
pub(crate) fn place(span: Span) -> String {
    match (span.start.line, span.start.column) {
        (0, _) => String::new(),
        (line, column) => format!(" (line {line}, column {column} of the query)"),
    }
}

/// An error about a part of the query.
pub(crate) fn refuse(code: ErrorCode, span: Span, what: impl std::fmt::Display) -> Error {
    Error::new(code, format!("Sql: {what}{}", place(span)))
}

fn unsupported(expr: &Expr, what: &str) -> Error {
    refuse(
        codes::SQL_UNSUPPORTED,
        expr.span(),
        format!("{what} is not supported: `{expr}`"),
    )
}

/// Compiles the expressions of a query over one table.
pub(crate) struct Compiler<'a> {
    pub(crate) table: &'a CatalogTable,
    /// What the query calls the table.
    pub(crate) table_names: Vec<String>,
}

impl Compiler<'_> {
    /// Compiles an expression.
    pub(crate) fn expr(&self, expr: &Expr) -> Result<Typed> {
        let typed = self.compile(expr)?;
        self.folded(typed)
    }

    /// Compiles a condition.
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

    /// A constant in place of an expression of constants; the result is the same for every row.
    fn folded(&self, typed: Typed) -> Result<Typed> {
        let operands_are_constant = match &*typed.node {
            Node::Call { function, args } => {
                !function.volatile && args.iter().all(Typed::is_constant)
            }
            Node::Cast { of, .. } => of.is_constant(),
            Node::Arithmetic { left, right, .. } => left.is_constant() && right.is_constant(),
            _ => false,
        };
        if !operands_are_constant {
            return Ok(typed);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(1));
        let schema = Arc::new(arrow_schema::Schema::empty());
        let one_row = RecordBatch::try_new_with_options(schema, Vec::new(), &options)?;
        let array = typed.evaluate(&one_row)?.expanded(1)?;
        Ok(Typed::new(Node::Constant(array), typed.data_type))
    }

    /// The same value in another type; the caller knows that it can be.
    fn converted(&self, of: Typed, to: &DataType) -> Typed {
        if of.data_type == *to {
            return of;
        }
        let typed = Typed::new(Node::Cast { of, lenient: false }, to.clone());
        match self.folded(typed.clone()) {
            Ok(folded) => folded,
            // The error comes with the first row.
            Err(_) => typed,
        }
    }

    fn compile(&self, expr: &Expr) -> Result<Typed> {
        match expr {
            Expr::Identifier(name) => self.column(std::slice::from_ref(name)),
            Expr::CompoundIdentifier(names) => self.column(names),
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
            Expr::IsNull(of) => Ok(boolean(Node::IsNull(self.expr(of)?))),
            Expr::IsNotNull(of) => Ok(negated(boolean(Node::IsNull(self.expr(of)?)), true)),
            Expr::IsTrue(of) => Ok(boolean(Node::Is(self.condition(of)?, true))),
            Expr::IsFalse(of) => Ok(boolean(Node::Is(self.condition(of)?, false))),
            Expr::IsNotTrue(of) => Ok(negated(boolean(Node::Is(self.condition(of)?, true)), true)),
            Expr::IsNotFalse(of) => {
                Ok(negated(boolean(Node::Is(self.condition(of)?, false)), true))
            }
            Expr::InList {
                expr: of,
                list,
                negated: not,
            } => {
                let of_typed = self.expr(of)?;
                let mut items = Vec::with_capacity(list.len());
                let mut common = of_typed.data_type.clone();
                for item in list {
                    let typed = self.expr(item)?;
                    let (left, _) = self.comparable(expr, of_typed.clone(), typed.clone())?;
                    common = wider(&common, &left.data_type);
                    items.push(typed);
                }
                let items = items
                    .into_iter()
                    .map(|item| self.converted(item, &common))
                    .collect();
                let of_typed = self.converted(of_typed, &common);
                Ok(negated(boolean(Node::InList(of_typed, items)), *not))
            }
            Expr::Between {
                expr: of,
                negated: not,
                low,
                high,
            } => {
                let of = self.expr(of)?;
                let (a, low) = self.comparable(expr, of.clone(), self.expr(low)?)?;
                let (b, high) = self.comparable(expr, of, self.expr(high)?)?;
                let both = Node::And(
                    boolean(Node::Compare(Comparison::GreaterOrEqual, a, low)),
                    boolean(Node::Compare(Comparison::LessOrEqual, b, high)),
                );
                Ok(negated(boolean(both), *not))
            }
            Expr::Like {
                negated: not,
                any: false,
                expr: of,
                pattern,
                escape_char: None,
            } => {
                let text = self.text(of)?;
                let pattern = self.text(pattern)?;
                Ok(negated(boolean(Node::Like(text, pattern)), *not))
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
                Err(unsupported(expr, "a query inside a query"))
            }
            other => Err(unsupported(other, "this expression")),
        }
    }

    /// A column, a field of a row in it, or what a map in it holds under a key.
    fn column(&self, names: &[Ident]) -> Result<Typed> {
        let schema = self.table.schema();
        let mut path = names;
        if path.len() > 1
            && schema.index_of(&path[0].value).is_none()
            && self
                .table_names
                .iter()
                .any(|n| n.eq_ignore_ascii_case(&path[0].value))
        {
            path = &path[1..];
        }
        let (first, rest) = path.split_first().expect("a name has a part");
        let at = schema.index_of(&first.value).ok_or_else(|| {
            let known: Vec<&str> = schema.names().collect();
            let what = format!(
                "table {} has no column `{}`",
                self.table.path(),
                first.value
            );
            refuse(codes::SQL_UNKNOWN, first.span, what)
                .with_help(known_columns(&first.value, &known))
        })?;
        let data_type = self.table.columns()[at].data_type.clone();
        let mut typed = Typed::new(Node::Column(at), data_type);
        let mut rest = rest.iter();
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
                    Typed::new(Node::MapValue(typed, name.value.clone()), *value)
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

    fn unary(&self, expr: &Expr, op: &UnaryOperator, of: &Expr) -> Result<Typed> {
        match op {
            UnaryOperator::Not => Ok(negated(self.condition(of)?, true)),
            UnaryOperator::Plus => self.expr(of),
            UnaryOperator::Minus => {
                if let Expr::Value(value) = of
                    && let Value::Number(digits, _) = &value.value
                {
                    return number(&format!("-{digits}"))
                        .ok_or_else(|| unsupported(expr, "a number this large"));
                }
                self.arithmetic(expr, '-', constant_int(0), self.expr(of)?)
            }
            _ => Err(unsupported(expr, "this operator")),
        }
    }

    fn binary(&self, expr: &Expr, left: &Expr, op: &BinaryOperator, right: &Expr) -> Result<Typed> {
        let compare = |how| {
            let (left, right) = self.comparable(expr, self.expr(left)?, self.expr(right)?)?;
            Ok(boolean(Node::Compare(how, left, right)))
        };
        let arithmetic = |op| self.arithmetic(expr, op, self.expr(left)?, self.expr(right)?);
        match op {
            BinaryOperator::And => Ok(boolean(Node::And(
                self.condition(left)?,
                self.condition(right)?,
            ))),
            BinaryOperator::Or => Ok(boolean(Node::Or(
                self.condition(left)?,
                self.condition(right)?,
            ))),
            BinaryOperator::Eq => compare(Comparison::Equal),
            BinaryOperator::NotEq => compare(Comparison::Different),
            BinaryOperator::Lt => compare(Comparison::Less),
            BinaryOperator::LtEq => compare(Comparison::LessOrEqual),
            BinaryOperator::Gt => compare(Comparison::Greater),
            BinaryOperator::GtEq => compare(Comparison::GreaterOrEqual),
            BinaryOperator::Plus => arithmetic('+'),
            BinaryOperator::Minus => arithmetic('-'),
            BinaryOperator::Multiply => arithmetic('*'),
            BinaryOperator::Divide => arithmetic('/'),
            BinaryOperator::Modulo => arithmetic('%'),
            BinaryOperator::StringConcat => {
                let args = vec![self.expr(left)?, self.expr(right)?];
                self.call_by_name(expr, "CONCAT", args)
            }
            _ => Err(unsupported(expr, &format!("the operator {op}"))),
        }
    }

    fn arithmetic(&self, expr: &Expr, op: char, left: Typed, right: Typed) -> Result<Typed> {
        let result = arithmetic_type(&left.data_type, &right.data_type).ok_or_else(|| {
            refuse(
                codes::SQL_TYPE,
                expr.span(),
                format!(
                    "`{expr}`: {op} needs two numbers, not {} and {}",
                    left.data_type, right.data_type
                ),
            )
        })?;
        let (left, right) = match result {
            // Decimals are computed from exact digits of either side.
            DataType::Decimal { .. } => (left, right),
            _ => (
                self.converted(left, &result),
                self.converted(right, &result),
            ),
        };
        let text = expr.to_string();
        self.folded(Typed::new(
            Node::Arithmetic {
                op,
                left,
                right,
                text,
            },
            result,
        ))
    }

    /// Both sides of a comparison in a common type.
    fn comparable(&self, expr: &Expr, left: Typed, right: Typed) -> Result<(Typed, Typed)> {
        let common = common_type(&left, &right).ok_or_else(|| {
            refuse(
                codes::SQL_TYPE,
                expr.span(),
                format!(
                    "`{expr}` compares {} with {}",
                    left.data_type, right.data_type
                ),
            )
            .with_help("bring both to one type with cast(… as …)")
        })?;
        let convert = |typed: Typed| {
            // A text that has to become a date shows before the first row if it is none.
            let checked = typed.is_constant() && typed.data_type != common;
            let typed = self.converted(typed, &common);
            if checked && !typed.is_constant() {
                return Err(refuse(
                    codes::SQL_VALUE,
                    expr.span(),
                    format!("`{expr}`: the text is no {common}"),
                ));
            }
            Ok(typed)
        };
        Ok((convert(left)?, convert(right)?))
    }

    fn text(&self, expr: &Expr) -> Result<Typed> {
        let typed = self.expr(expr)?;
        if !can_cast(&typed.data_type, &DataType::String) {
            return Err(refuse(
                codes::SQL_TYPE,
                expr.span(),
                format!("`{expr}` is of the type {}, not text", typed.data_type),
            ));
        }
        Ok(self.converted(typed, &DataType::String))
    }

    fn case(
        &self,
        expr: &Expr,
        operand: Option<&Expr>,
        conditions: &[CaseWhen],
        otherwise: Option<&Expr>,
    ) -> Result<Typed> {
        let operand = operand.map(|o| self.expr(o)).transpose()?;
        let mut branches = Vec::with_capacity(conditions.len());
        for CaseWhen { condition, result } in conditions {
            let condition = match &operand {
                Some(operand) => {
                    let wanted = self.expr(condition)?;
                    let (left, right) = self.comparable(expr, operand.clone(), wanted)?;
                    boolean(Node::Compare(Comparison::Equal, left, right))
                }
                None => self.condition(condition)?,
            };
            branches.push((condition, self.expr(result)?));
        }
        let otherwise = match otherwise {
            Some(otherwise) => self.expr(otherwise)?,
            None => constant_null(),
        };
        let values = branches.iter().map(|(_, value)| value).chain([&otherwise]);
        let common = self.result_type(expr, values)?;
        let branches = branches
            .into_iter()
            .map(|(condition, value)| (condition, self.converted(value, &common)))
            .collect();
        let otherwise = self.converted(otherwise, &common);
        Ok(Typed::new(Node::Case(branches, otherwise), common))
    }

    /// The type that all values of a CASE have or can be widened to.
    fn result_type<'t>(
        &self,
        expr: &Expr,
        values: impl Iterator<Item = &'t Typed>,
    ) -> Result<DataType> {
        let mut common = DataType::Null;
        for value in values {
            common = match (&common, &value.data_type) {
                (a, b) if a == b => continue,
                (DataType::Null, other) | (other, DataType::Null) => other.clone(),
                (a, b) => arithmetic_type(a, b).ok_or_else(|| {
                    refuse(
                        codes::SQL_TYPE,
                        expr.span(),
                        format!("`{expr}` is sometimes {a} and sometimes {b}"),
                    )
                    .with_help("bring all results to one type with cast(… as …)")
                })?,
            };
        }
        Ok(common)
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
        self.folded(Typed::new(Node::Cast { of, lenient }, to))
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

    fn function(&self, expr: &Expr, function: &SqlFunction) -> Result<Typed> {
        let name = function.name.to_string();
        if function.over.is_some() || function.filter.is_some() {
            return Err(unsupported(expr, "a window or a filter of a function"));
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
            "COALESCE" | "IFNULL" => self.coalesce(expr, args),
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
        Ok(Typed::new(Node::Coalesce(args), result))
    }

    fn nullif(&self, expr: &Expr, args: Vec<Typed>) -> Result<Typed> {
        self.count(expr, args.len() == 2, "two arguments")?;
        let (left, right) = self.comparable(expr, args[0].clone(), args[1].clone())?;
        let equal = boolean(Node::Compare(Comparison::Equal, left, right));
        let data_type = args[0].data_type.clone();
        let null = self.converted(constant_null(), &data_type);
        Ok(Typed::new(
            Node::Case(vec![(equal, null)], args[0].clone()),
            data_type,
        ))
    }

    fn multi_if(&self, expr: &Expr, args: Vec<Typed>) -> Result<Typed> {
        let fits = args.len() >= 3 && args.len() % 2 == 1;
        self.count(
            expr,
            fits,
            "pairs of a condition and a value, and a last value",
        )?;
        let (otherwise, pairs) = args.split_last().expect("there are three at least");
        let values = pairs.iter().skip(1).step_by(2).chain([otherwise]);
        let common = self.result_type(expr, values)?;
        let mut branches = Vec::with_capacity(pairs.len() / 2);
        for pair in pairs.chunks(2) {
            let is_condition = pair[0].data_type == DataType::Boolean;
            self.count(expr, is_condition, "conditions in front of its values")?;
            branches.push((pair[0].clone(), self.converted(pair[1].clone(), &common)));
        }
        let otherwise = self.converted(otherwise.clone(), &common);
        Ok(Typed::new(Node::Case(branches, otherwise), common))
    }

    fn call_by_name(&self, expr: &Expr, name: &str, args: Vec<Typed>) -> Result<Typed> {
        let Some(function) = functions::find(name) else {
            let upper = name.to_ascii_uppercase();
            if functions::MISSING.contains(&upper.as_str()) {
                return Err(unsupported(expr, &format!("the function {upper}")));
            }
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
        let result = self.result(expr, function, &fitted)?;
        let typed = Typed::new(
            Node::Call {
                function,
                args: fitted,
            },
            result,
        );
        // What is wrong with constant arguments, a pattern for one, shows before the first row.
        let options = RecordBatchOptions::new().with_row_count(Some(0));
        let nothing = RecordBatch::new_empty(self.table.arrow_schema().clone());
        let nothing = RecordBatch::try_new_with_options(
            nothing.schema(),
            nothing.columns().to_vec(),
            &options,
        )?;
        let placed = |error: Error| {
            error.with_context("expression", format!("`{expr}`{}", place(expr.span())))
        };
        typed.evaluate(&nothing).map_err(placed)?;
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
                    function.names[0],
                    arg.data_type
                ),
            )
        };
        let number = arithmetic_type(&arg.data_type, &DataType::Int).is_some();
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
            Arg::Double if number || null => self.converted(arg, &DataType::Double),
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
        })
    }

    fn result(&self, expr: &Expr, function: &Function, args: &[Typed]) -> Result<DataType> {
        let constant = |index: usize| args.get(index).and_then(Typed::constant_text);
        Ok(match &function.result {
            Returns::Type(data_type) => data_type.clone(),
            Returns::Arg(index) => args[*index].data_type.clone(),
            Returns::DateAdd => {
                let unit = constant(2).unwrap_or("DAY").to_ascii_uppercase();
                let small = matches!(
                    unit.as_str(),
                    "HOUR" | "MINUTE" | "SECOND" | "MILLISECOND" | "MICROSECOND"
                );
                match &args[0].data_type {
                    DataType::Date if small => DataType::Timestamp,
                    DataType::Date if args.len() > 2 && constant(2).is_none() => {
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
                }
            }
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
}

fn boolean(node: Node) -> Typed {
    Typed::new(node, DataType::Boolean)
}

fn negated(typed: Typed, not: bool) -> Typed {
    if not {
        boolean(Node::Not(typed))
    } else {
        typed
    }
}

fn field(of: Typed, fields: &[RowField], name: &Ident) -> Result<Typed> {
    let at = fields.iter().position(|f| f.name == name.value);
    let at = at.ok_or_else(|| {
        let known: Vec<&str> = fields.iter().map(|f| f.name.as_str()).collect();
        let what = format!("the row has no field `{}`", name.value);
        refuse(codes::SQL_UNKNOWN, name.span, what).with_help(known_columns(&name.value, &known))
    })?;
    Ok(Typed::new(
        Node::Field(of, at),
        fields[at].data_type.clone(),
    ))
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

fn whole(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::TinyInt | DataType::SmallInt | DataType::Int | DataType::BigInt
    )
}

/// The type of `left op right`; none if they aren't numbers.
fn arithmetic_type(left: &DataType, right: &DataType) -> Option<DataType> {
    use DataType::{BigInt, Decimal, Double, Float, Int, Null};
    Some(match (left, right) {
        (Null, Null) => return None,
        (Null, other) | (other, Null) => return arithmetic_type(other, other),
        (a, b) if whole(a) && whole(b) => {
            if *a == BigInt || *b == BigInt {
                BigInt
            } else {
                Int
            }
        }
        (
            Decimal {
                precision: p1,
                scale: s1,
            },
            Decimal {
                precision: p2,
                scale: s2,
            },
        ) => Decimal {
            precision: *p1.max(p2),
            scale: *s1.max(s2),
        },
        (decimal @ Decimal { .. }, other) | (other, decimal @ Decimal { .. })
            if whole(other) || matches!(other, Float | Double) =>
        {
            decimal.clone()
        }
        (a, b)
            if [a, b]
                .iter()
                .all(|t| whole(t) || matches!(t, Float | Double)) =>
        {
            Double
        }
        _ => return None,
    })
}

/// The exact type that holds both; only for comparisons, where it never shows.
fn common_type(left: &Typed, right: &Typed) -> Option<DataType> {
    use DataType::{Date, Decimal, Double, Float, Null, String, Time, Timestamp, TimestampTz};
    let parts = |t: &DataType| match t {
        Decimal { precision, scale } => Some((i16::from(*precision), i16::from(*scale))),
        t if whole(t) => Some((19, 0)),
        _ => None,
    };
    let (a, b) = (&left.data_type, &right.data_type);
    let moment = |t: &DataType| matches!(t, Date | Time | Timestamp | TimestampTz);
    Some(match (a, b) {
        (Null, other) | (other, Null) => other.clone(),
        (a, b) if whole(a) && whole(b) => DataType::BigInt,
        (a, b) if parts(a).is_some() && parts(b).is_some() => {
            let ((p1, s1), (p2, s2)) = (parts(a)?, parts(b)?);
            let scale = s1.max(s2);
            let precision = (p1 - s1).max(p2 - s2) + scale;
            Decimal {
                precision: precision.clamp(1, i16::from(MAX_DECIMAL)) as u8,
                scale: scale as i8,
            }
        }
        (Float | Double, b) if arithmetic_type(a, b).is_some() => Double,
        (a, Float | Double) if arithmetic_type(a, b).is_some() => Double,
        (a, b)
            if a == b
                && !matches!(a, DataType::Array(_) | DataType::Map(..) | DataType::Row(_)) =>
        {
            a.clone()
        }
        (Date, Timestamp) | (Timestamp, Date) => Timestamp,
        // A text in quotes stands for a date where it is compared with one.
        (moment_type, String) if moment(moment_type) && right.is_constant() => moment_type.clone(),
        (String, moment_type) if moment(moment_type) && left.is_constant() => moment_type.clone(),
        _ => return None,
    })
}

/// Of two types that one value was compared in, the one that loses less.
fn wider(a: &DataType, b: &DataType) -> DataType {
    match (a, b) {
        (DataType::Double, _) | (_, DataType::Double) => DataType::Double,
        (
            DataType::Decimal {
                precision: p1,
                scale: s1,
            },
            DataType::Decimal {
                precision: p2,
                scale: s2,
            },
        ) => {
            let scale = *s1.max(s2);
            let whole = (*p1 as i16 - i16::from(*s1)).max(*p2 as i16 - i16::from(*s2));
            DataType::Decimal {
                precision: (whole + i16::from(scale)).clamp(1, i16::from(MAX_DECIMAL)) as u8,
                scale,
            }
        }
        (DataType::Decimal { .. }, _) => a.clone(),
        _ => b.clone(),
    }
}

/// The type that a query spells.
fn sql_type(sql: &SqlType) -> Result<DataType, String> {
    let decimal = |info: &ExactNumberInfo| {
        let (precision, scale) = match info {
            ExactNumberInfo::None => (38, 18),
            ExactNumberInfo::Precision(precision) => (*precision, 0),
            ExactNumberInfo::PrecisionAndScale(precision, scale) => (*precision, *scale),
        };
        DataType::parse(&format!("decimal({precision}, {scale})"))
    };
    Ok(match sql {
        SqlType::Varchar(_)
        | SqlType::String(_)
        | SqlType::Text
        | SqlType::Char(_)
        | SqlType::CharVarying(_)
        | SqlType::Nvarchar(_) => DataType::String,
        SqlType::TinyInt(_) => DataType::TinyInt,
        SqlType::SmallInt(_) => DataType::SmallInt,
        SqlType::Int(_) | SqlType::Integer(_) => DataType::Int,
        SqlType::BigInt(_) => DataType::BigInt,
        SqlType::Float(ExactNumberInfo::None) | SqlType::Real => DataType::Float,
        SqlType::Double(ExactNumberInfo::None) | SqlType::DoublePrecision => DataType::Double,
        SqlType::Decimal(info) | SqlType::Numeric(info) | SqlType::Dec(info) => decimal(info)?,
        SqlType::Boolean | SqlType::Bool => DataType::Boolean,
        SqlType::Date => DataType::Date,
        SqlType::Time(_, TimezoneInfo::None) => DataType::Time,
        SqlType::Timestamp(_, TimezoneInfo::None) | SqlType::Datetime(_) => DataType::Timestamp,
        SqlType::Timestamp(_, TimezoneInfo::Tz | TimezoneInfo::WithTimeZone) => {
            DataType::TimestampTz
        }
        SqlType::Binary(_) | SqlType::Bytes(_) | SqlType::Varbinary(_) | SqlType::Bytea => {
            DataType::Bytes
        }
        SqlType::Custom(name, parts) if parts.is_empty() => {
            match name.to_string().to_ascii_lowercase().as_str() {
                "long" => DataType::BigInt,
                "byte" => DataType::TinyInt,
                "timestamp_tz" => DataType::TimestampTz,
                other => match DataType::parse(other)? {
                    DataType::Null => return Err("null is no type to cast to".to_owned()),
                    parsed => parsed,
                },
            }
        }
        other => return Err(format!("there is no type {other} to cast to")),
    })
}
