//! Operators, conditions and CASE.

use datafusion_expr::Expr as PlanExpr;
use seatunnel_api::{DataType, Error, Result};
use sqlparser::ast::{BinaryOperator, CaseWhen, Expr, Ident, Spanned, UnaryOperator, Value};

use super::types::{arithmetic_type, common_type, larger_number, wider};
use super::{Compiler, number, unsupported};
use crate::cast::can_cast;
use crate::codes;
use crate::errors::refuse;
use crate::expr::{
    self, Comparison, Join, Typed, compare, constant_int, constant_null, float_arithmetic,
};
use crate::operation::{Kind, Operation};

impl Compiler<'_> {
    pub(super) fn unary(&self, expr: &Expr, op: &UnaryOperator, of: &Expr) -> Result<Typed> {
        match op {
            UnaryOperator::Not => Ok(expr::not(self.condition(of)?)),
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

    pub(super) fn binary(
        &self,
        expr: &Expr,
        left: &Expr,
        op: &BinaryOperator,
        right: &Expr,
    ) -> Result<Typed> {
        let compared = |how| {
            let (left, right) = self.comparable(expr, self.expr(left)?, self.expr(right)?)?;
            Ok(compare(how, &left, &right))
        };
        let arithmetic = |op| self.arithmetic(expr, op, self.expr(left)?, self.expr(right)?);
        match op {
            BinaryOperator::And | BinaryOperator::Or => {
                let conditions = operands(expr, op).into_iter().map(|of| self.condition(of));
                let conditions = conditions.collect::<Result<_>>()?;
                Ok(expr::joined(conditions, join(op), false))
            }
            BinaryOperator::Eq => compared(Comparison::Equal),
            BinaryOperator::NotEq => compared(Comparison::Different),
            BinaryOperator::Lt => compared(Comparison::Less),
            BinaryOperator::LtEq => compared(Comparison::LessOrEqual),
            BinaryOperator::Gt => compared(Comparison::Greater),
            BinaryOperator::GtEq => compared(Comparison::GreaterOrEqual),
            BinaryOperator::Plus => arithmetic('+'),
            BinaryOperator::Minus => arithmetic('-'),
            BinaryOperator::Multiply => arithmetic('*'),
            BinaryOperator::Divide => arithmetic('/'),
            BinaryOperator::Modulo => arithmetic('%'),
            BinaryOperator::StringConcat => {
                let args = operands(expr, op).into_iter().map(|of| self.expr(of));
                self.call_by_name(expr, "CONCAT", args.collect::<Result<_>>()?)
            }
            _ => Err(unsupported(expr, &format!("the operator {op}"))),
        }
    }

    /// Compiles the condition of WHERE, for which null is as good as false.
    ///
    /// # Errors
    /// As [`Self::condition`].
    pub(crate) fn filter(&self, expr: &Expr) -> Result<Typed> {
        match expr {
            Expr::Nested(inner) => self.filter(inner),
            Expr::BinaryOp {
                op: op @ (BinaryOperator::And | BinaryOperator::Or),
                ..
            } => {
                let conditions = operands(expr, op).into_iter().map(|of| self.filter(of));
                Ok(expr::joined(
                    conditions.collect::<Result<_>>()?,
                    join(op),
                    true,
                ))
            }
            other => self.condition(other),
        }
    }

    /// Compiles a condition as parts that all have to hold; each guards itself against the rows that those
    /// before it rule out, so that they may be computed in any order and place.
    ///
    /// # Errors
    /// As [`Self::condition`].
    pub(crate) fn conjuncts(&self, expr: &Expr) -> Result<Vec<PlanExpr>> {
        let mut expr = expr;
        while let Expr::Nested(inner) = expr {
            expr = inner;
        }
        let parts = match expr {
            Expr::BinaryOp {
                op: op @ BinaryOperator::And,
                ..
            } => operands(expr, op),
            other => vec![other],
        };
        let parts = parts.into_iter().map(|part| self.filter(part));
        Ok(expr::guarded(parts.collect::<Result<_>>()?))
    }

    /// Two columns of one name, made to be compared.
    ///
    /// # Errors
    /// If their types don't go together.
    pub(crate) fn equal_sides(
        &self,
        name: &Ident,
        left: Typed,
        right: Typed,
    ) -> Result<(Typed, Typed)> {
        self.comparable(&Expr::Identifier(name.clone()), left, right)
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
                self.as_number(left, &result),
                self.as_number(right, &result),
            ),
        };
        if result == DataType::Double {
            return Ok(float_arithmetic(op, left, right));
        }
        let text = expr.to_string();
        let kind = Kind::Arithmetic { op, text };
        self.folded(Operation::call(kind, vec![left, right], result))
    }

    /// Both sides of a comparison in a common type.
    pub(super) fn comparable(
        &self,
        expr: &Expr,
        left: Typed,
        right: Typed,
    ) -> Result<(Typed, Typed)> {
        let common = common_type(&left, &right)
            .ok_or_else(|| incomparable(expr, &left.data_type, &right.data_type))?;
        let convert = |typed: Typed| {
            // A text that has to become a date shows before the first row if it is none.
            let checked = typed.is_constant() && typed.data_type != common;
            let typed = self.as_number(typed, &common);
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

    pub(super) fn in_list(&self, expr: &Expr, of: &Expr, list: &[Expr]) -> Result<Typed> {
        let of = self.expr(of)?;
        let mut items = Vec::with_capacity(list.len());
        let mut common = of.data_type.clone();
        for item in list {
            let typed = self.expr(item)?;
            self.comparable(expr, of.clone(), typed.clone())?;
            // A null can be compared with anything, but all items have to be of one kind.
            let so_far = Typed::new(of.expr.clone(), common.clone());
            let both = common_type(&so_far, &typed)
                .ok_or_else(|| incomparable(expr, &common, &typed.data_type))?;
            common = wider(&common, &both);
            items.push(typed);
        }
        let items = items
            .into_iter()
            .map(|item| self.as_number(item, &common))
            .collect();
        Ok(expr::in_list(self.as_number(of, &common), items))
    }

    pub(super) fn between(&self, expr: &Expr, of: &Expr, low: &Expr, high: &Expr) -> Result<Typed> {
        let of = self.expr(of)?;
        let (a, low) = self.comparable(expr, of.clone(), self.expr(low)?)?;
        let (b, high) = self.comparable(expr, of, self.expr(high)?)?;
        let both = vec![
            compare(Comparison::GreaterOrEqual, &a, &low),
            compare(Comparison::LessOrEqual, &b, &high),
        ];
        Ok(expr::joined(both, Join::All, false))
    }

    /// A text, or what has a text.
    pub(super) fn text(&self, expr: &Expr) -> Result<Typed> {
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

    pub(super) fn case(
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
                    // SeaTunnel: `CASE x WHEN x > 5 THEN …` asks the condition, not whether x equals it.
                    if wanted.data_type == DataType::Boolean
                        && operand.data_type != DataType::Boolean
                    {
                        branches.push((wanted, self.expr(result)?));
                        continue;
                    }
                    let (left, right) = self.comparable(expr, operand.clone(), wanted)?;
                    compare(Comparison::Equal, &left, &right)
                }
                None => self.condition(condition)?,
            };
            branches.push((condition, self.expr(result)?));
        }
        let otherwise = match otherwise {
            Some(otherwise) => self.expr(otherwise)?,
            None => constant_null(),
        };
        self.first_that_holds(expr, branches, otherwise)
    }

    /// CASE, once its parts are compiled: the values in a common type.
    pub(super) fn first_that_holds(
        &self,
        expr: &Expr,
        branches: Vec<(Typed, Typed)>,
        otherwise: Typed,
    ) -> Result<Typed> {
        let values = branches.iter().map(|(_, value)| value).chain([&otherwise]);
        let common = self.result_type(expr, values)?;
        let branches = branches
            .into_iter()
            .map(|(condition, value)| (condition, self.converted(value, &common)))
            .collect();
        let otherwise = self.converted(otherwise, &common);
        Ok(expr::case(branches, otherwise, common))
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
                (a, b) => larger_number(a, b).ok_or_else(|| {
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
}

fn join(op: &BinaryOperator) -> Join {
    match op {
        BinaryOperator::And => Join::All,
        _ => Join::Any,
    }
}

fn incomparable(expr: &Expr, left: &DataType, right: &DataType) -> Error {
    let what = format!("`{expr}` compares {left} with {right}");
    refuse(codes::SQL_TYPE, expr.span(), what).with_help("bring both to one type with cast(… as …)")
}

/// The operands of a chain of one operator, from left to right.
fn operands<'e>(expr: &'e Expr, op: &BinaryOperator) -> Vec<&'e Expr> {
    let mut found = Vec::new();
    let mut waiting = vec![expr];
    while let Some(next) = waiting.pop() {
        match next {
            Expr::BinaryOp {
                left,
                op: other,
                right,
            } if other == op => waiting.extend([right.as_ref(), left.as_ref()]),
            operand => found.push(operand),
        }
    }
    found
}
