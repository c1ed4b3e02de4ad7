//! SeaTunnel's functions and operators as scalar functions of DataFusion.
//!
//! Each call in a query is one [`Operation`]: the types of its arguments and of its result are settled
//! when the query is compiled, so that DataFusion has nothing to coerce.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, UInt32Array, new_empty_array};
use arrow_schema::DataType as ArrowType;
use datafusion_common::DataFusionError;
use datafusion_common::ScalarValue;
use datafusion_expr::expr::ScalarFunction;
use datafusion_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use seatunnel_api::{DataType, Result};

use crate::arithmetic;
use crate::cast::cast;
use crate::columnar::Columnar;
use crate::errors::to_datafusion;
use crate::expr::Typed;
use crate::functions::{Call, Function};

/// What is computed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// A function of the table of functions.
    Function(Named),
    /// CAST, or TRY_CAST if lenient: a value that can't be converted is an error, or null.
    Cast { lenient: bool },
    /// A 32-bit float as the double that it is: 1.1 becomes 1.100000023841858.
    Widened,
    /// `+ - * / %` of whole numbers and of decimals; messages show the text.
    Arithmetic { op: char, text: String },
    /// A field of a row by its position.
    Field(usize),
    /// What a map holds under a key.
    MapValue(String),
    /// What an array holds at a position, which counts from 0.
    Element,
    /// The first value that isn't null.
    Coalesce,
}

/// A function, told apart by its name.
#[derive(Clone, Copy)]
pub(crate) struct Named(pub(crate) &'static Function);

impl std::fmt::Debug for Named {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.name())
    }
}

impl PartialEq for Named {
    fn eq(&self, other: &Self) -> bool {
        self.0.name() == other.0.name()
    }
}

impl Eq for Named {}

impl Hash for Named {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.name().hash(state);
    }
}

/// One call in a query.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Operation {
    kind: Kind,
    /// Types of the arguments.
    types: Vec<DataType>,
    result: DataType,
    signature: Signature,
}

impl Operation {
    /// A call with these arguments.
    pub(crate) fn call(kind: Kind, args: Vec<Typed>, result: DataType) -> Typed {
        let operation = Self::of(kind, &args, result.clone());
        let function = ScalarFunction {
            func: Arc::new(ScalarUDF::new_from_impl(operation)),
            args: args.into_iter().map(|arg| arg.expr).collect(),
        };
        Typed::new(Expr::ScalarFunction(function), result)
    }

    fn of(kind: Kind, args: &[Typed], result: DataType) -> Self {
        let volatility = match &kind {
            Kind::Function(function) if function.0.volatile => Volatility::Volatile,
            _ => Volatility::Immutable,
        };
        let signature = match args.len() {
            0 => Signature::nullary(volatility),
            count => Signature::any(count, volatility),
        };
        Self {
            kind,
            types: args.iter().map(|arg| arg.data_type.clone()).collect(),
            result,
            signature,
        }
    }

    /// The call in this expression, and its arguments.
    pub(crate) fn in_expr(expr: &Expr) -> Option<(&Self, &[Expr])> {
        let Expr::ScalarFunction(function) = expr else {
            return None;
        };
        let operation = function.func.inner().downcast_ref::<Self>()?;
        Some((operation, &function.args))
    }

    /// Whether some values of its arguments are an error, or computing it takes so long that it should
    /// be left out for rows that nobody asks for.
    pub(crate) fn is_costly(&self) -> bool {
        match &self.kind {
            Kind::Function(function) => !function.0.is_cheap(),
            Kind::Cast { lenient } => !lenient && !widens(&self.types[0], &self.result),
            Kind::Arithmetic { .. } => true,
            Kind::Widened | Kind::Field(_) | Kind::MapValue(_) | Kind::Element | Kind::Coalesce => {
                false
            }
        }
    }

    /// Its value if all arguments are constants; none if they aren't.
    ///
    /// # Errors
    /// If it can't be computed from them.
    pub(crate) fn folded(&self, args: &[Expr]) -> Result<Option<ScalarValue>> {
        if self.signature.volatility == Volatility::Volatile {
            return Ok(None);
        }
        let mut columns = Vec::with_capacity(args.len());
        for arg in args {
            let Expr::Literal(value, _) = arg else {
                return Ok(None);
            };
            columns.push(Columnar::from_scalar(value)?);
        }
        let array = self.compute(&columns, 1)?;
        let value = ScalarValue::try_from_array(&array, 0);
        value.map(Some).map_err(crate::errors::from_datafusion)
    }

    /// Refuses constant arguments that no row can do anything with, a pattern for one.
    ///
    /// # Errors
    /// If there is one.
    pub(crate) fn check(&self, args: &[Expr]) -> Result<()> {
        let mut columns = Vec::with_capacity(args.len());
        for (arg, data_type) in args.iter().zip(&self.types) {
            columns.push(match arg {
                Expr::Literal(value, _) => Columnar::from_scalar(value)?,
                _ => Columnar::rows(new_empty_array(&data_type.to_arrow())),
            });
        }
        self.compute(&columns, 0).map(|_| ())
    }

    fn compute(&self, args: &[Columnar], rows: usize) -> Result<ArrayRef> {
        match &self.kind {
            Kind::Function(function) => (function.0.run)(&Call {
                name: function.0.name(),
                args,
                types: &self.types,
                result: &self.result,
                rows,
            }),
            Kind::Cast { lenient } => {
                cast(&args[0], &self.types[0], &self.result, *lenient)?.expanded(rows)
            }
            Kind::Widened => Columnar {
                array: arrow_cast::cast(&args[0].array, &ArrowType::Float64)?,
                constant: args[0].constant,
            }
            .expanded(rows),
            Kind::Arithmetic { op, text } => {
                let (left, right) = ((&args[0], &self.types[0]), (&args[1], &self.types[1]));
                arithmetic::compute(*op, left, right, &self.result, rows, text)
            }
            Kind::Field(at) => field(&args[0], *at)?.expanded(rows),
            Kind::MapValue(key) => map_value(&args[0], key)?.expanded(rows),
            Kind::Element => element(&args[0], &args[1], rows),
            Kind::Coalesce => coalesce(args, rows),
        }
    }
}

/// Whether every value of one type has a place in another.
fn widens(from: &DataType, to: &DataType) -> bool {
    use DataType::{BigInt, Boolean, Date, Double, Float, Int, Null, SmallInt, String, TinyInt};
    match (from, to) {
        (Null, _) => true,
        (DataType::Bytes, String) => false,
        (_, String) => true,
        (TinyInt, SmallInt | Int | BigInt) => true,
        (SmallInt, Int | BigInt) | (Int, BigInt) => true,
        (TinyInt | SmallInt | Int | BigInt | Float, Double) => true,
        (Date, DataType::Timestamp) => true,
        (Boolean, Boolean) => true,
        _ => false,
    }
}

impl ScalarUDFImpl for Operation {
    fn name(&self) -> &str {
        match &self.kind {
            Kind::Function(function) => function.0.name(),
            Kind::Cast { lenient: false } => "CAST",
            Kind::Cast { lenient: true } => "TRY_CAST",
            Kind::Widened => "WIDENED",
            Kind::Arithmetic { op, .. } => match op {
                '+' => "PLUS",
                '-' => "MINUS",
                '*' => "TIMES",
                '/' => "DIVIDED",
                _ => "REMAINDER",
            },
            Kind::Field(_) => "FIELD",
            Kind::MapValue(_) => "MAP_VALUE",
            Kind::Element => "ELEMENT",
            Kind::Coalesce => "COALESCE",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _types: &[ArrowType]) -> Result<ArrowType, DataFusionError> {
        Ok(self.result.to_arrow())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue, DataFusionError> {
        let columns: Vec<Columnar> = args
            .args
            .iter()
            .map(Columnar::from_value)
            .collect::<Result<_>>()
            .map_err(to_datafusion)?;
        self.compute(&columns, args.number_rows)
            .map(ColumnarValue::Array)
            .map_err(to_datafusion)
    }
}

fn field(of: &Columnar, at: usize) -> Result<Columnar> {
    let rows = of.array.as_struct();
    let column = rows.column(at);
    // A field of a row that is null is null, whatever stands under it.
    let array = if rows.null_count() == 0 || *column.data_type() == ArrowType::Null {
        column.clone()
    } else {
        let nulls = arrow_buffer::NullBuffer::union(rows.nulls(), column.nulls());
        let data = column.to_data().into_builder().nulls(nulls);
        arrow_array::make_array(data.build()?)
    };
    Ok(Columnar {
        array,
        constant: of.constant,
    })
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

/// Null where the array has no such position.
fn element(of: &Columnar, at: &Columnar, rows: usize) -> Result<ArrayRef> {
    let lists = of.array.as_list::<i32>();
    let positions = at.primitives::<arrow_array::types::Int64Type>();
    let places: UInt32Array = (0..rows)
        .map(|row| {
            let list = of.at(row);
            let position = positions.get(row).filter(|_| lists.is_valid(list))?;
            let (start, end) = (
                i64::from(lists.value_offsets()[list]),
                i64::from(lists.value_offsets()[list + 1]),
            );
            let fits = (0..end - start).contains(&position);
            fits.then_some((start + position) as u32)
        })
        .collect();
    Ok(arrow_select::take::take(lists.values(), &places, None)?)
}

fn coalesce(args: &[Columnar], rows: usize) -> Result<ArrayRef> {
    let mut result = args[0].clone().expanded(rows)?;
    for other in &args[1..] {
        if result.null_count() == 0 {
            break;
        }
        let present = arrow_arith::boolean::is_not_null(&result)?;
        result = if other.constant {
            let one = arrow_array::Scalar::new(other.array.clone());
            arrow_select::zip::zip(&present, &result, &one)?
        } else {
            arrow_select::zip::zip(&present, &result, &other.array)?
        };
    }
    Ok(result)
}

#[cfg(test)]
mod tests {
    use arrow_array::{Int32Array, Int64Array};

    use super::*;

    #[test]
    fn positions_outside_of_an_array_are_null() {
        let mut lists = arrow_array::builder::ListBuilder::new(Int32Array::builder(4));
        lists.append_value([Some(1), Some(2)]);
        lists.append_null();
        let lists = Columnar::rows(Arc::new(lists.finish()));
        for (position, expected) in [(0, Some(1)), (1, Some(2)), (2, None), (-1, None)] {
            let at = Columnar::constant(Arc::new(Int64Array::from(vec![position])));
            let found = element(&lists, &at, 2).unwrap();
            let found = found.as_primitive::<arrow_array::types::Int32Type>();
            assert_eq!(found.iter().collect::<Vec<_>>(), [expected, None]);
        }
    }
}
