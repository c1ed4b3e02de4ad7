//! Expressions, typed, and how they are computed for a batch.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int32Type, Int64Type};
use arrow_array::{
    Array, ArrayRef, BooleanArray, Datum, PrimitiveArray, RecordBatch, Scalar, UInt32Array,
    new_null_array,
};
use arrow_schema::ArrowError;
use arrow_select::filter::filter_record_batch;
use seatunnel_api::{DataType, Error, Result};

use crate::cast::cast;
use crate::codes;
use crate::columnar::{Columnar, Numbers, build_booleans, build_texts};
use crate::decimal::{DecimalColumn, calculate};
use crate::functions::{Call, Function};

/// An expression and the type of its values.
#[derive(Clone)]
pub(crate) struct Typed {
    pub(crate) node: Arc<Node>,
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

/// What an expression does. Operands have the types that it needs: the compiler sees to that.
pub(crate) enum Node {
    /// A column of the input by its position.
    Column(usize),
    /// The same value for all rows; one value long.
    Constant(ArrayRef),
    /// A field of a row by its position.
    Field(Typed, usize),
    /// What a map holds under a key.
    MapValue(Typed, String),
    Call {
        function: &'static Function,
        args: Vec<Typed>,
    },
    Cast {
        of: Typed,
        lenient: bool,
    },
    /// Both operands are of the type of the result, or of any number type if that is a decimal.
    Arithmetic {
        op: char,
        left: Typed,
        right: Typed,
        text: String,
    },
    Compare(Comparison, Typed, Typed),
    And(Typed, Typed),
    Or(Typed, Typed),
    Not(Typed),
    IsNull(Typed),
    /// True or false also for null: whether the value is this one.
    Is(Typed, bool),
    Like(Typed, Typed),
    /// SeaTunnel's IN: nulls in the list are passed over.
    InList(Typed, Vec<Typed>),
    /// Conditions and values, tried in their order, and the value if none holds.
    Case(Vec<(Typed, Typed)>, Typed),
    Coalesce(Vec<Typed>),
}

impl Typed {
    pub(crate) fn new(node: Node, data_type: DataType) -> Self {
        Self {
            node: Arc::new(node),
            data_type,
        }
    }

    /// Whether the value is the same for all rows and all times.
    pub(crate) fn is_constant(&self) -> bool {
        matches!(*self.node, Node::Constant(_))
    }

    /// The text of a constant.
    pub(crate) fn constant_text(&self) -> Option<&str> {
        match &*self.node {
            Node::Constant(array) if self.data_type == DataType::String && array.is_valid(0) => {
                Some(array.as_string::<i32>().value(0))
            }
            _ => None,
        }
    }

    /// Whether computing it for a row that nobody asks for could fail or is worth saving.
    fn costly(&self) -> bool {
        match &*self.node {
            Node::Column(_) | Node::Constant(_) => false,
            Node::Field(of, _) | Node::Not(of) | Node::IsNull(of) | Node::Is(of, _) => of.costly(),
            Node::Compare(_, left, right) | Node::And(left, right) | Node::Or(left, right) => {
                left.costly() || right.costly()
            }
            Node::InList(of, list) => of.costly() || list.iter().any(Typed::costly),
            _ => true,
        }
    }

    /// Computes the value for each row.
    pub(crate) fn evaluate(&self, input: &RecordBatch) -> Result<Columnar> {
        let rows = input.num_rows();
        match &*self.node {
            Node::Column(at) => Ok(Columnar::rows(input.column(*at).clone())),
            Node::Constant(array) => Ok(Columnar::constant(array.clone())),
            Node::Field(of, at) => {
                let of = of.evaluate(input)?;
                let rows = of.array.as_struct();
                let column = rows.column(*at);
                // A field of a row that is null is null, whatever stands under it.
                let nulls = arrow_buffer::NullBuffer::union(rows.nulls(), column.nulls());
                let array = if *column.data_type() == arrow_schema::DataType::Null {
                    column.clone()
                } else {
                    let data = column.to_data().into_builder().nulls(nulls);
                    arrow_array::make_array(data.build()?)
                };
                Ok(Columnar {
                    array,
                    constant: of.constant,
                })
            }
            Node::MapValue(of, key) => map_value(&of.evaluate(input)?, key),
            Node::Call { function, args } => call(function, args, &self.data_type, input),
            Node::Cast { of, lenient } => cast(
                &of.evaluate(input)?,
                &of.data_type,
                &self.data_type,
                *lenient,
            ),
            Node::Arithmetic {
                op,
                left,
                right,
                text,
            } => {
                let (l, r) = (left.evaluate(input)?, right.evaluate(input)?);
                if let DataType::Decimal { precision, scale } = self.data_type {
                    return decimals(*op, (left, &l), (right, &r), precision, scale, rows, text);
                }
                arithmetic(*op, &l, &r, rows, text)
            }
            Node::Compare(how, left, right) => {
                compare(*how, &left.evaluate(input)?, &right.evaluate(input)?, rows)
            }
            Node::And(left, right) => {
                let left = left.booleans(input)?;
                let right = right.booleans_where(input, &left, true)?;
                Ok(Columnar::rows(Arc::new(arrow_arith::boolean::and_kleene(
                    &left, &right,
                )?)))
            }
            Node::Or(left, right) => {
                let left = left.booleans(input)?;
                let right = right.booleans_where(input, &left, false)?;
                Ok(Columnar::rows(Arc::new(arrow_arith::boolean::or_kleene(
                    &left, &right,
                )?)))
            }
            Node::Not(of) => Ok(Columnar::rows(Arc::new(arrow_arith::boolean::not(
                &of.booleans(input)?,
            )?))),
            Node::IsNull(of) => {
                let of = of.evaluate(input)?.expanded(rows)?;
                Ok(Columnar::rows(Arc::new(arrow_arith::boolean::is_null(
                    &of,
                )?)))
            }
            Node::Is(of, wanted) => {
                let of = of.booleans(input)?;
                let is: BooleanArray = of.iter().map(|v| Some(v == Some(*wanted))).collect();
                Ok(Columnar::rows(Arc::new(is)))
            }
            Node::Like(text, pattern) => {
                let (text, pattern) = (text.evaluate(input)?, pattern.evaluate(input)?);
                let text = text.expanded(rows)?;
                let text = text.as_string::<i32>();
                let found = if pattern.constant {
                    let one = Scalar::new(pattern.array.as_string::<i32>().clone());
                    arrow_string::like::like(text, &one)?
                } else {
                    arrow_string::like::like(text, pattern.array.as_string::<i32>())?
                };
                Ok(Columnar::rows(Arc::new(found)))
            }
            Node::InList(of, list) => in_list(&of.evaluate(input)?, list, input),
            Node::Case(branches, otherwise) => case(branches, otherwise, &self.data_type, input),
            Node::Coalesce(values) => {
                let mut values = values.iter();
                let first = values.next().expect("there is at least one");
                let mut result = first.evaluate(input)?.expanded(rows)?;
                for value in values {
                    if result.null_count() == 0 {
                        break;
                    }
                    let present = arrow_arith::boolean::is_not_null(&result)?;
                    let other = value.evaluate(input)?.expanded(rows)?;
                    result = arrow_select::zip::zip(&present, &result, &other)?;
                }
                Ok(Columnar::rows(result))
            }
        }
    }

    /// Computes a condition.
    pub(crate) fn booleans(&self, input: &RecordBatch) -> Result<BooleanArray> {
        let value = self.evaluate(input)?;
        if value.constant {
            let array = value.expanded(input.num_rows())?;
            return Ok(array.as_boolean().clone());
        }
        Ok(value.booleans().clone())
    }

    /// Computes a condition for the rows that another leaves open: not for those where `decided`
    /// is the opposite of `open`. There the result is null.
    fn booleans_where(
        &self,
        input: &RecordBatch,
        decided: &BooleanArray,
        open: bool,
    ) -> Result<BooleanArray> {
        if !self.costly() {
            return self.booleans(input);
        }
        let wanted: BooleanArray = decided.iter().map(|v| Some(v != Some(!open))).collect();
        let value = self.evaluate_where(input, &wanted)?;
        Ok(value.as_boolean().clone())
    }

    /// Computes the value for some rows; it is null for the others.
    fn evaluate_where(&self, input: &RecordBatch, wanted: &BooleanArray) -> Result<ArrayRef> {
        let rows = input.num_rows();
        let count = wanted.true_count();
        if count == rows {
            return self.evaluate(input)?.expanded(rows);
        }
        if count == 0 {
            return Ok(new_null_array(&self.data_type.to_arrow(), rows));
        }
        if !self.costly() {
            let all = self.evaluate(input)?.expanded(rows)?;
            let none = Scalar::new(new_null_array(all.data_type(), 1));
            return Ok(arrow_select::zip::zip(wanted, &all, &none)?);
        }
        let some = filter_record_batch(input, wanted)?;
        let values = self.evaluate(&some)?.expanded(count)?;
        let mut next = 0u32;
        let places: UInt32Array = wanted
            .values()
            .iter()
            .map(|wanted| {
                wanted.then(|| {
                    next += 1;
                    next - 1
                })
            })
            .collect();
        Ok(arrow_select::take::take(&values, &places, None)?)
    }
}

fn call(
    function: &'static Function,
    args: &[Typed],
    result: &DataType,
    input: &RecordBatch,
) -> Result<Columnar> {
    let values: Vec<Columnar> = args
        .iter()
        .map(|arg| arg.evaluate(input))
        .collect::<Result<_>>()?;
    let types: Vec<DataType> = args.iter().map(|arg| arg.data_type.clone()).collect();
    let array = (function.run)(&Call {
        name: function.names[0],
        args: &values,
        types: &types,
        result,
        rows: input.num_rows(),
    })?;
    Ok(Columnar::rows(array))
}

fn map_value(of: &Columnar, key: &str) -> Result<Columnar> {
    let maps = of.array.as_map();
    let keys = maps.keys().as_string::<i32>();
    let places: UInt32Array = (0..maps.len())
        .map(|row| {
            let entries = maps.value_offsets()[row]..maps.value_offsets()[row + 1];
            entries
                .filter(|_| maps.is_valid(row))
                .find(|at| keys.value(*at as usize) == key)
                .map(|at| at as u32)
        })
        .collect();
    Ok(Columnar {
        array: arrow_select::take::take(maps.values(), &places, None)?,
        constant: of.constant,
    })
}

/// Runs a kernel on two columns, of which either may be one value for all rows.
fn with_datums<T>(
    left: &Columnar,
    right: &Columnar,
    kernel: impl FnOnce(&dyn Datum, &dyn Datum) -> std::result::Result<T, ArrowError>,
) -> std::result::Result<T, ArrowError> {
    let scalar = |column: &Columnar| Scalar::new(column.array.clone());
    match (left.constant, right.constant) {
        (false, false) | (true, true) => kernel(&left.array, &right.array),
        (true, false) => kernel(&scalar(left), &right.array),
        (false, true) => kernel(&left.array, &scalar(right)),
    }
}

fn arithmetic(
    op: char,
    left: &Columnar,
    right: &Columnar,
    rows: usize,
    text: &str,
) -> Result<Columnar> {
    use arrow_arith::numeric;
    let both = left.constant && right.constant;
    let array = with_datums(left, right, |left, right| match op {
        '+' => numeric::add(left, right),
        '-' => numeric::sub(left, right),
        '*' => numeric::mul(left, right),
        '/' => numeric::div(left, right),
        _ => numeric::rem(left, right),
    })
    .map_err(|error| {
        let why = match error {
            ArrowError::DivideByZero => "division by zero",
            ArrowError::ArithmeticOverflow(_) => "the result is too large for its type",
            _ => "it can't be computed",
        };
        Error::new(codes::SQL_VALUE, format!("`{text}`: {why}")).with_cause(error)
    })?;
    if both {
        return Ok(Columnar::constant(array));
    }
    debug_assert_eq!(array.len(), rows);
    Ok(Columnar::rows(array))
}

fn decimals(
    op: char,
    (left, left_values): (&Typed, &Columnar),
    (right, right_values): (&Typed, &Columnar),
    precision: u8,
    scale: i8,
    rows: usize,
    text: &str,
) -> Result<Columnar> {
    let numbers = |typed: &Typed, values| {
        Numbers::new(values, &typed.data_type)
            .ok_or_else(|| Error::new(codes::SQL_TYPE, format!("`{text}`: not numbers")))
    };
    let l = numbers(left, left_values)?;
    let r = numbers(right, right_values)?;
    let mut out = DecimalColumn::new(precision, scale, rows);
    for row in 0..rows {
        let (Some(a), Some(b)) = (l.get(row), r.get(row)) else {
            out.push(None)?;
            continue;
        };
        let refused = |why: &str| Error::new(codes::SQL_VALUE, format!("`{text}`: {why}"));
        if matches!(op, '/' | '%') && b.to_f64() == 0.0 {
            return Err(refused("division by zero"));
        }
        let (Some(a), Some(b)) = (a.to_digits(), b.to_digits()) else {
            return Err(refused("not a number with decimal digits"));
        };
        let digits =
            calculate(op, a, b, scale).ok_or_else(|| refused("the numbers are too large"))?;
        out.push(Some(digits))
            .map_err(|e| e.with_context("expression", format!("`{text}`")))?;
    }
    Ok(Columnar::rows(out.finish()?))
}

/// Arrow's order tells -0.0 from 0.0; SQL doesn't.
fn without_negative_zero(column: &Columnar) -> Columnar {
    match column.array.as_primitive_opt::<Float64Type>() {
        Some(values) => {
            let values: PrimitiveArray<Float64Type> = values.unary(|v| v + 0.0);
            Columnar {
                array: Arc::new(values),
                constant: column.constant,
            }
        }
        None => column.clone(),
    }
}

fn compare(how: Comparison, left: &Columnar, right: &Columnar, rows: usize) -> Result<Columnar> {
    use arrow_ord::cmp;
    let (left, right) = (without_negative_zero(left), without_negative_zero(right));
    let both = left.constant && right.constant;
    let result = with_datums(&left, &right, |left, right| match how {
        Comparison::Equal => cmp::eq(left, right),
        Comparison::Different => cmp::distinct(left, right),
        Comparison::Less => cmp::lt(left, right),
        Comparison::LessOrEqual => cmp::lt_eq(left, right),
        Comparison::Greater => cmp::gt(left, right),
        Comparison::GreaterOrEqual => cmp::gt_eq(left, right),
    })?;
    let array: ArrayRef = Arc::new(result);
    if both {
        return Ok(Columnar::rows(Columnar::constant(array).expanded(rows)?));
    }
    Ok(Columnar::rows(array))
}

fn in_list(of: &Columnar, list: &[Typed], input: &RecordBatch) -> Result<Columnar> {
    let rows = input.num_rows();
    let mut found = BooleanArray::from(vec![false; rows]);
    for item in list {
        let item = item.evaluate(input)?;
        let equal = compare(Comparison::Equal, of, &item, rows)?;
        let equal: BooleanArray = equal
            .booleans()
            .iter()
            .map(|v| Some(v == Some(true)))
            .collect();
        found = arrow_arith::boolean::or(&found, &equal)?;
    }
    // Whether null is in a list is not known.
    build_booleans(rows, |row| {
        Ok(of.array.is_valid(of.at(row)).then(|| found.value(row)))
    })
    .map(Columnar::rows)
}

fn case(
    branches: &[(Typed, Typed)],
    otherwise: &Typed,
    data_type: &DataType,
    input: &RecordBatch,
) -> Result<Columnar> {
    let rows = input.num_rows();
    let mut open = BooleanArray::from(vec![true; rows]);
    let mut result = new_null_array(&data_type.to_arrow(), rows);
    for (condition, value) in branches {
        if open.true_count() == 0 {
            break;
        }
        let holds = condition.evaluate_where(input, &open)?;
        let chosen: BooleanArray = holds
            .as_boolean()
            .iter()
            .zip(open.values().iter())
            .map(|(holds, open)| Some(open && holds == Some(true)))
            .collect();
        if chosen.true_count() > 0 {
            let values = value.evaluate_where(input, &chosen)?;
            result = arrow_select::zip::zip(&chosen, &values, &result)?;
            open = arrow_arith::boolean::and_not(&open, &chosen)?;
        }
    }
    if open.true_count() > 0 {
        let values = otherwise.evaluate_where(input, &open)?;
        result = arrow_select::zip::zip(&open, &values, &result)?;
    }
    Ok(Columnar::rows(result))
}

/// A constant of a type.
pub(crate) fn constant_text(text: &str) -> Typed {
    let array = build_texts(1, |_, out| {
        out.push_str(text);
        Ok(true)
    })
    .expect("writing a text can't fail");
    Typed::new(Node::Constant(array), DataType::String)
}

pub(crate) fn constant_int(value: i32) -> Typed {
    let array = PrimitiveArray::<Int32Type>::from_value(value, 1);
    Typed::new(Node::Constant(Arc::new(array)), DataType::Int)
}

pub(crate) fn constant_long(value: i64) -> Typed {
    let array = PrimitiveArray::<Int64Type>::from_value(value, 1);
    Typed::new(Node::Constant(Arc::new(array)), DataType::BigInt)
}

pub(crate) fn constant_double(value: f64) -> Typed {
    let array = PrimitiveArray::<Float64Type>::from_value(value, 1);
    Typed::new(Node::Constant(Arc::new(array)), DataType::Double)
}

pub(crate) fn constant_boolean(value: bool) -> Typed {
    let array = BooleanArray::from(vec![value]);
    Typed::new(Node::Constant(Arc::new(array)), DataType::Boolean)
}

pub(crate) fn constant_null() -> Typed {
    let array = new_null_array(&arrow_schema::DataType::Null, 1);
    Typed::new(Node::Constant(array), DataType::Null)
}
