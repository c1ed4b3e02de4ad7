//! Functions of vectors of 32-bit floats.
//!
//! Products and differences are rounded to 32 bits before they are added up, as SeaTunnel's are.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Float64Type, Int32Type};
use arrow_array::{Array, ArrayRef, FixedSizeListArray, Float32Array};
use arrow_schema::DataType as ArrowType;
use seatunnel_api::{DataType, Result};

use super::Call;
use crate::columnar::{Columnar, build_primitives};

/// A column of vectors.
struct Vectors<'a> {
    column: &'a Columnar,
    values: Float32Array,
    /// Of vectors; arrays have offsets.
    dimension: Option<usize>,
}

impl<'a> Vectors<'a> {
    fn new(call: &Call<'a>, arg: usize) -> Result<Self> {
        let column = &call.args[arg];
        let (values, dimension) = match &call.types[arg] {
            DataType::FloatVector(dimension) => {
                let vectors = column.array.as_fixed_size_list();
                (vectors.values().clone(), Some(*dimension as usize))
            }
            _ => {
                let values = column.array.as_list::<i32>().values();
                (arrow_cast::cast(values, &ArrowType::Float32)?, None)
            }
        };
        let values = values.as_primitive::<Float32Type>().clone();
        Ok(Self {
            column,
            values,
            dimension,
        })
    }

    /// None if it is null or has a null in it.
    fn get(&self, row: usize) -> Option<&[f32]> {
        let at = self.column.at(row);
        if self.column.array.is_null(at) {
            return None;
        }
        let (start, end) = match self.dimension {
            Some(dimension) => {
                let first = self.column.array.as_fixed_size_list().value_offset(at) as usize;
                (first, first + dimension)
            }
            None => {
                let offsets = self.column.array.as_list::<i32>().value_offsets();
                (offsets[at] as usize, offsets[at + 1] as usize)
            }
        };
        let whole = self.values.null_count() == 0 || (start..end).all(|i| self.values.is_valid(i));
        whole.then(|| &self.values.values()[start..end])
    }
}

pub(super) fn dims(call: &Call<'_>) -> Result<ArrayRef> {
    let vectors = Vectors::new(call, 0)?;
    build_primitives::<Int32Type>(call.rows, |row| {
        Ok(vectors.get(row).map(|v| v.len() as i32))
    })
}

fn squares(vector: &[f32]) -> f64 {
    vector.iter().map(|v| f64::from(v * v)).sum()
}

pub(super) fn norm(call: &Call<'_>) -> Result<ArrayRef> {
    let vectors = Vectors::new(call, 0)?;
    build_primitives::<Float64Type>(call.rows, |row| {
        Ok(vectors.get(row).map(|v| squares(v).sqrt()))
    })
}

fn of_both(call: &Call<'_>, compute: impl Fn(&[f32], &[f32]) -> f64) -> Result<ArrayRef> {
    if let [DataType::FloatVector(a), DataType::FloatVector(b)] = call.types
        && a != b
    {
        return Err(call.refuse(format!("the vectors have {a} and {b} dimensions")));
    }
    let (left, right) = (Vectors::new(call, 0)?, Vectors::new(call, 1)?);
    build_primitives::<Float64Type>(call.rows, |row| {
        let (Some(a), Some(b)) = (left.get(row), right.get(row)) else {
            return Ok(None);
        };
        if a.len() != b.len() {
            let (a, b) = (a.len(), b.len());
            return Err(call.refuse(format!("the vectors have {a} and {b} dimensions")));
        }
        Ok(Some(compute(a, b)))
    })
}

fn inner(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum()
}

pub(super) fn inner_product(call: &Call<'_>) -> Result<ArrayRef> {
    of_both(call, inner)
}

pub(super) fn cosine_distance(call: &Call<'_>) -> Result<ArrayRef> {
    of_both(call, |a, b| match (squares(a), squares(b)) {
        (0.0, _) | (_, 0.0) => 1.0,
        (of_a, of_b) => 1.0 - inner(a, b) / (of_a.sqrt() * of_b.sqrt()),
    })
}

pub(super) fn l1_distance(call: &Call<'_>) -> Result<ArrayRef> {
    of_both(call, |a, b| {
        a.iter().zip(b).map(|(a, b)| f64::from((a - b).abs())).sum()
    })
}

pub(super) fn l2_distance(call: &Call<'_>) -> Result<ArrayRef> {
    of_both(call, |a, b| {
        let squares = a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2));
        squares.sum::<f64>().sqrt()
    })
}

/// A column of vectors of the result's dimension; `write` adds one vector to what is there, or says
/// false for null.
fn build(call: &Call<'_>, mut write: impl FnMut(usize, &mut Vec<f32>) -> bool) -> Result<ArrayRef> {
    let ArrowType::FixedSizeList(field, dimension) = call.result.to_arrow() else {
        return Err(call.refuse("its result is no vector"));
    };
    let mut values = Vec::with_capacity(call.rows * dimension as usize);
    let mut nulls = arrow_buffer::NullBufferBuilder::new(call.rows);
    for row in 0..call.rows {
        let start = values.len();
        let present = write(row, &mut values);
        values.resize(start + dimension as usize, 0.0);
        nulls.append(present);
    }
    let values = Arc::new(Float32Array::from(values));
    let nulls = nulls.finish();
    // Without values Arrow can't tell how many vectors of the dimension 0 there are.
    let array = match dimension {
        0 => FixedSizeListArray::try_new_with_length(field, 0, values, nulls, call.rows)?,
        _ => FixedSizeListArray::try_new(field, dimension, values, nulls)?,
    };
    Ok(Arc::new(array))
}

pub(super) fn normalize(call: &Call<'_>) -> Result<ArrayRef> {
    let vectors = Vectors::new(call, 0)?;
    build(call, |row, out| {
        let Some(vector) = vectors.get(row) else {
            return false;
        };
        let length = squares(vector).sqrt();
        if length == 0.0 {
            out.extend(vector);
        } else {
            out.extend(vector.iter().map(|v| (f64::from(*v) / length) as f32));
        }
        true
    })
}

pub(super) fn reduce(call: &Call<'_>) -> Result<ArrayRef> {
    let methods = call.args[2].texts();
    let method = methods
        .constant()
        .ok_or_else(|| call.refuse("the method has to be a text in quotes"))?;
    let (DataType::FloatVector(from), DataType::FloatVector(to)) = (&call.types[0], call.result)
    else {
        return Err(call.refuse("it needs a float_vector"));
    };
    let (from, to) = (*from as usize, *to as usize);
    let vectors = Vectors::new(call, 0)?;
    let upper = method.to_ascii_uppercase();
    let matrix = match upper.as_str() {
        "TRUNCATE" => None,
        "RANDOM_PROJECTION" => Some(random_projection as fn(usize, usize) -> Vec<f32>),
        "SPARSE_RANDOM_PROJECTION" => Some(sparse_projection as fn(usize, usize) -> Vec<f32>),
        _ => {
            return Err(call.refuse(format!(
                "there is no method {method:?}; TRUNCATE, RANDOM_PROJECTION and \
                 SPARSE_RANDOM_PROJECTION are"
            )));
        }
    };
    let matrix = matrix.filter(|_| to < from && call.rows > 0);
    let matrix = matrix.map(|make| make(from, to));
    build(call, |row, out| {
        let Some(vector) = vectors.get(row) else {
            return false;
        };
        match &matrix {
            None => out.extend(&vector[..to]),
            Some(matrix) => out.extend(matrix.chunks(from).map(|weights| {
                let products = weights.iter().zip(vector).map(|(w, v)| v * w);
                products.sum::<f32>()
            })),
        }
        true
    })
}

/// Row by row; the same weights as SeaTunnel's, whose random numbers have a fixed seed.
fn random_projection(from: usize, to: usize) -> Vec<f32> {
    let mut random = JavaRandom::new(42);
    let scale = (1.0 / to as f64).sqrt() as f32;
    (0..from * to)
        .map(|_| random.gaussian() as f32 * scale)
        .collect()
}

fn sparse_projection(from: usize, to: usize) -> Vec<f32> {
    let mut random = JavaRandom::new(42);
    let scale = 3f64.sqrt() as f32;
    (0..from * to)
        .map(|_| match random.double() {
            low if low < 1.0 / 6.0 => scale,
            low if low < 2.0 / 6.0 => -scale,
            _ => 0.0,
        })
        .collect()
}

/// `java.util.Random`, whose documentation gives its numbers.
struct JavaRandom {
    seed: u64,
    next_gaussian: Option<f64>,
}

impl JavaRandom {
    fn new(seed: u64) -> Self {
        Self {
            seed: (seed ^ 0x5_DEEC_E66D) & ((1 << 48) - 1),
            next_gaussian: None,
        }
    }

    fn bits(&mut self, count: u32) -> u64 {
        self.seed = self.seed.wrapping_mul(0x5_DEEC_E66D).wrapping_add(0xB) & ((1 << 48) - 1);
        self.seed >> (48 - count)
    }

    fn double(&mut self) -> f64 {
        let high = self.bits(26) << 27;
        (high + self.bits(27)) as f64 / (1u64 << 53) as f64
    }

    fn gaussian(&mut self) -> f64 {
        if let Some(known) = self.next_gaussian.take() {
            return known;
        }
        loop {
            let (a, b) = (2.0 * self.double() - 1.0, 2.0 * self.double() - 1.0);
            let square = a * a + b * b;
            if square < 1.0 && square != 0.0 {
                let factor = (-2.0 * square.ln() / square).sqrt();
                self.next_gaussian = Some(b * factor);
                return a * factor;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_numbers_are_those_of_java() {
        // new Random(42): nextDouble, nextDouble; new Random(42): nextGaussian, nextGaussian.
        let mut random = JavaRandom::new(42);
        assert_eq!(random.double(), 0.727_563_680_032_868_1);
        assert_eq!(random.double(), 0.683_223_471_759_845_4);
        let mut random = JavaRandom::new(42);
        assert!((random.gaussian() - 1.141_905_315_473_054_7).abs() < 1e-9);
        assert!((random.gaussian() - 0.919_407_948_982_787_9).abs() < 1e-9);
    }
}
