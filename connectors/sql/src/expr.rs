//! Typed expressions, and how SeaTunnel's conditions are put into DataFusion's.

use datafusion_common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion_common::{Column, ScalarValue, TableReference};
use datafusion_expr::expr::InList;
use datafusion_expr::{BinaryExpr, Case, Expr, Like, Operator};
use seatunnel_api::DataType;

use crate::operation::{Kind, Operation};

/// An expression and the type of its values.
#[derive(Clone, Debug)]
pub(crate) struct Typed {
    pub(crate) expr: Expr,
    pub(crate) data_type: DataType,
}

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    /// SeaTunnel's `<>`: a null differs from any value.
    Different,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Typed {
    pub(crate) fn new(expr: Expr, data_type: DataType) -> Self {
        Self { expr, data_type }
    }

    /// A column.
    pub(crate) fn column(
        relation: Option<&TableReference>,
        name: &str,
        data_type: DataType,
    ) -> Self {
        let column = Column::new(relation.cloned(), name);
        Self::new(Expr::Column(column), data_type)
    }

    /// Whether the value is the same for all rows and all times.
    pub(crate) fn is_constant(&self) -> bool {
        matches!(self.expr, Expr::Literal(..))
    }

    /// The text of a constant.
    pub(crate) fn constant_text(&self) -> Option<&str> {
        match &self.expr {
            Expr::Literal(ScalarValue::Utf8(Some(text)), _) => Some(text),
            _ => None,
        }
    }

    /// The whole number of a constant.
    pub(crate) fn constant_long(&self) -> Option<i64> {
        match &self.expr {
            Expr::Literal(ScalarValue::Int32(Some(number)), _) => Some(i64::from(*number)),
            Expr::Literal(ScalarValue::Int64(Some(number)), _) => Some(*number),
            _ => None,
        }
    }

    /// The column that it is, if it is nothing but one.
    pub(crate) fn column_name(&self) -> Option<&str> {
        match &self.expr {
            Expr::Column(column) => Some(&column.name),
            _ => None,
        }
    }

    /// The columns that it is computed from.
    pub(crate) fn column_names(&self) -> impl Iterator<Item = String> {
        let columns = self.expr.column_refs();
        let names: Vec<String> = columns.into_iter().map(|c| c.name.clone()).collect();
        names.into_iter()
    }

    /// Whether computing it for a row that nobody asks for could fail or is worth saving.
    fn is_costly(&self) -> bool {
        let mut costly = false;
        // The closure gives no error.
        let _ = self.expr.apply(|part| {
            let of_operation = Operation::in_expr(part).is_some_and(|(o, _)| o.is_costly());
            costly |= of_operation || matches!(part, Expr::Case(_));
            Ok(if costly {
                TreeNodeRecursion::Stop
            } else {
                TreeNodeRecursion::Continue
            })
        });
        costly
    }
}

fn boolean(expr: Expr) -> Typed {
    Typed::new(expr, DataType::Boolean)
}

fn binary(left: Expr, op: Operator, right: Expr) -> Expr {
    Expr::BinaryExpr(BinaryExpr::new(Box::new(left), op, Box::new(right)))
}

/// `left op right` of two floats; SeaTunnel's types make that a double.
pub(crate) fn float_arithmetic(op: char, left: Typed, right: Typed) -> Typed {
    let op = match op {
        '+' => Operator::Plus,
        '-' => Operator::Minus,
        '*' => Operator::Multiply,
        '/' => Operator::Divide,
        _ => Operator::Modulo,
    };
    Typed::new(binary(left.expr, op, right.expr), DataType::Double)
}

/// Arrow's order tells -0.0 from 0.0; SQL doesn't. Only a comparison with a zero can tell them apart.
fn without_negative_zero(of: &Typed, other: &Typed) -> Expr {
    let zero = |value: f64| Expr::Literal(ScalarValue::Float64(Some(value)), None);
    match (&of.expr, &other.expr) {
        (Expr::Literal(ScalarValue::Float64(Some(value)), _), _) => zero(value + 0.0),
        (_, Expr::Literal(ScalarValue::Float64(Some(value)), _)) if *value != 0.0 => {
            of.expr.clone()
        }
        (expr, _) if of.data_type == DataType::Double => {
            binary(expr.clone(), Operator::Plus, zero(0.0))
        }
        (expr, _) => expr.clone(),
    }
}

/// Compares two values of one type.
pub(crate) fn compare(how: Comparison, left: &Typed, right: &Typed) -> Typed {
    let op = match how {
        Comparison::Equal => Operator::Eq,
        Comparison::Different => Operator::IsDistinctFrom,
        Comparison::Less => Operator::Lt,
        Comparison::LessOrEqual => Operator::LtEq,
        Comparison::Greater => Operator::Gt,
        Comparison::GreaterOrEqual => Operator::GtEq,
    };
    boolean(binary(
        without_negative_zero(left, right),
        op,
        without_negative_zero(right, left),
    ))
}

/// Whether conditions are joined by AND or by OR.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Join {
    All,
    Any,
}

impl Join {
    fn operator(self) -> Operator {
        match self {
            Self::All => Operator::And,
            Self::Any => Operator::Or,
        }
    }
}

/// `a AND b AND c …` or `a OR b OR c …`. One that could fail is computed only for rows that those before
/// it leave open. `for_filter`: null may become false.
pub(crate) fn joined(conditions: Vec<Typed>, join: Join, for_filter: bool) -> Typed {
    // What is cheap may be computed together with what stands before it.
    let mut blocks: Vec<Vec<Expr>> = Vec::new();
    for condition in conditions {
        match blocks.last_mut() {
            Some(block) if !condition.is_costly() => block.push(condition.expr),
            _ => blocks.push(vec![condition.expr]),
        }
    }
    let mut blocks: Vec<Expr> = blocks
        .into_iter()
        .map(|block| balanced(block, join.operator()))
        .collect();
    if blocks.len() == 1 {
        return boolean(blocks.remove(0));
    }
    // Each block is written twice below: it must be the same both times.
    if !for_filter && blocks.iter().any(Expr::is_volatile) {
        return boolean(balanced(blocks, join.operator()));
    }
    let decided = constant_boolean(join == Join::Any).expr;
    let otherwise = match for_filter {
        true => constant_boolean(join == Join::All).expr,
        // True, or null if one of them is; for OR the opposite.
        false => balanced(blocks.clone(), join.operator()),
    };
    let branches = blocks.into_iter().map(|block| {
        let decides = match join {
            Join::All if for_filter => Expr::IsNotTrue(Box::new(block)),
            Join::All => Expr::Not(Box::new(block)),
            Join::Any => block,
        };
        (decides, decided.clone())
    });
    boolean(case_expr(branches.collect(), Some(otherwise)))
}

/// Conditions that all have to hold, in any order: one that could fail is false by itself for rows that those
/// before it rule out.
pub(crate) fn guarded(conditions: Vec<Typed>) -> Vec<Expr> {
    let mut parts: Vec<Expr> = Vec::with_capacity(conditions.len());
    for condition in conditions {
        let part = match condition.is_costly() && !parts.is_empty() {
            true => {
                let before = balanced(parts.clone(), Operator::And);
                let ruled_out = Expr::IsNotTrue(Box::new(before));
                let never = constant_boolean(false).expr;
                case_expr(vec![(ruled_out, never)], Some(condition.expr))
            }
            false => condition.expr,
        };
        parts.push(part);
    }
    parts
}

/// A tree that is no deeper than needed: a generated condition may have thousands of parts.
fn balanced(mut level: Vec<Expr>, op: Operator) -> Expr {
    while level.len() > 1 {
        let mut next = Vec::with_capacity(level.len().div_ceil(2));
        let mut parts = level.into_iter();
        while let Some(left) = parts.next() {
            next.push(match parts.next() {
                Some(right) => binary(left, op, right),
                None => left,
            });
        }
        level = next;
    }
    level.remove(0)
}

/// NOT.
pub(crate) fn not(of: Typed) -> Typed {
    boolean(Expr::Not(Box::new(of.expr)))
}

/// The condition, or its opposite.
pub(crate) fn negated(of: Typed, negate: bool) -> Typed {
    if negate { not(of) } else { of }
}

/// IS NULL.
pub(crate) fn is_null(of: Typed) -> Typed {
    boolean(Expr::IsNull(Box::new(of.expr)))
}

/// IS TRUE, IS FALSE: true or false also for null.
pub(crate) fn is(of: Typed, wanted: bool) -> Typed {
    let of = Box::new(of.expr);
    boolean(match wanted {
        true => Expr::IsTrue(of),
        false => Expr::IsFalse(of),
    })
}

/// LIKE.
pub(crate) fn like(text: Typed, pattern: Typed) -> Typed {
    let (text, pattern) = (Box::new(text.expr), Box::new(pattern.expr));
    boolean(Expr::Like(Like::new(false, text, pattern, None, false)))
}

/// SeaTunnel's IN, of values of one type: nulls in the list are passed over, whether null is in it is
/// not known.
pub(crate) fn in_list(of: Typed, list: Vec<Typed>) -> Typed {
    let is_null_literal = |item: &Typed| matches!(&item.expr, Expr::Literal(v, _) if v.is_null());
    let (constants, others): (Vec<Typed>, Vec<Typed>) = list
        .into_iter()
        .filter(|item| !is_null_literal(item))
        .partition(Typed::is_constant);
    let mut found = match constants.is_empty() {
        true => {
            let unknown = Expr::Literal(ScalarValue::Boolean(None), None);
            let null = (Expr::IsNull(Box::new(of.expr.clone())), unknown);
            case_expr(vec![null], Some(constant_boolean(false).expr))
        }
        false => {
            let any = constant_null();
            let items = constants
                .iter()
                .map(|item| without_negative_zero(item, &any));
            Expr::InList(InList {
                expr: Box::new(without_negative_zero(&of, &any)),
                list: items.collect(),
                negated: false,
            })
        }
    };
    for item in others {
        let equal = compare(Comparison::Equal, &of, &item);
        found = binary(found, Operator::Or, is(equal, true).expr);
    }
    boolean(found)
}

fn case_expr(branches: Vec<(Expr, Expr)>, otherwise: Option<Expr>) -> Expr {
    let branches = branches
        .into_iter()
        .map(|(when, then)| (Box::new(when), Box::new(then)))
        .collect();
    Expr::Case(Case::new(None, branches, otherwise.map(Box::new)))
}

/// Conditions and values of one type, tried in their order, and the value if none holds.
pub(crate) fn case(branches: Vec<(Typed, Typed)>, otherwise: Typed, data_type: DataType) -> Typed {
    let branches = branches
        .into_iter()
        .map(|(when, then)| (when.expr, then.expr))
        .collect();
    Typed::new(case_expr(branches, Some(otherwise.expr)), data_type)
}

/// The first of these values, all of one type, that isn't null. One that could fail is computed only
/// where it is asked for.
pub(crate) fn coalesce(mut values: Vec<Typed>, data_type: DataType) -> Typed {
    let lazy = values.iter().skip(1).any(Typed::is_costly);
    let stable = values.iter().all(|v| !v.expr.is_volatile());
    if values.len() == 1 {
        return values.remove(0);
    }
    if !(lazy && stable) {
        return Operation::call(Kind::Coalesce, values, data_type);
    }
    let last = values.pop().map(|v| v.expr);
    let branches = values
        .into_iter()
        .map(|v| (Expr::IsNotNull(Box::new(v.expr.clone())), v.expr))
        .collect();
    Typed::new(case_expr(branches, last), data_type)
}

/// A constant text.
pub(crate) fn constant_text(text: &str) -> Typed {
    constant(ScalarValue::Utf8(Some(text.to_owned())), DataType::String)
}

/// A constant of 32 bits.
pub(crate) fn constant_int(value: i32) -> Typed {
    constant(ScalarValue::Int32(Some(value)), DataType::Int)
}

/// A constant of 64 bits.
pub(crate) fn constant_long(value: i64) -> Typed {
    constant(ScalarValue::Int64(Some(value)), DataType::BigInt)
}

/// A constant float of 64 bits.
pub(crate) fn constant_double(value: f64) -> Typed {
    constant(ScalarValue::Float64(Some(value)), DataType::Double)
}

/// TRUE or FALSE.
pub(crate) fn constant_boolean(value: bool) -> Typed {
    constant(ScalarValue::Boolean(Some(value)), DataType::Boolean)
}

/// NULL.
pub(crate) fn constant_null() -> Typed {
    constant(ScalarValue::Null, DataType::Null)
}

/// A constant of a type.
pub(crate) fn constant(value: ScalarValue, data_type: DataType) -> Typed {
    Typed::new(Expr::Literal(value, None), data_type)
}
