//! The `schema` block: columns and keys that a job file declares.

use std::sync::Arc;

use super::Options;
use super::declare::{OptionSet, OptionType};
use super::read::{OptionReader, OptionValue};
use crate::config::ConfigValue;
use crate::table::{
    CatalogTable, Column, ConstraintKey, ConstraintKind, PrimaryKey, SortOrder, TablePath,
    TableSchema,
};
use crate::types::DataType;

/// A declared schema.
#[derive(Clone, Debug)]
pub struct SchemaOption {
    /// The table's path, where it is given.
    pub path: Option<TablePath>,
    /// The table's comment.
    pub comment: Option<String>,
    /// Columns and keys. There are no columns where a file or a server brings them and the job file
    /// only names the table.
    pub schema: TableSchema,
}

impl SchemaOption {
    /// The table it declares. Without a path, the table is called as the plugin's output, and
    /// `default.default.default` where that has no name either: SeaTunnel's rule.
    pub fn to_table(&self, catalog: &str, plugin_output: Option<&str>) -> Arc<CatalogTable> {
        let path = match (&self.path, plugin_output) {
            (Some(path), _) => path.clone(),
            (None, Some(name)) => TablePath::parse(name, false),
            (None, None) => TablePath::unnamed(),
        };
        let table = CatalogTable::new(catalog, path, self.schema.clone());
        Arc::new(table.with_comment(self.comment.clone()))
    }
}

/// Columns and keys of a table.
#[derive(Clone, Debug, Options)]
#[options(exclusive("fields", "columns"))]
struct SchemaFields {
    /// The table's path: `table`, `database.table` or `database.schema.table`.
    table: Option<String>,
    /// Whether two parts of a path are schema and table.
    #[option(default = false)]
    schema_first: bool,
    /// What the table is.
    comment: Option<String>,
    /// Columns as names and types.
    fields: Option<ConfigValue>,
    /// Columns with more than a type.
    columns: Option<Vec<ColumnFields>>,
    /// The primary key.
    #[option(key = "primaryKey", fallback("primary_key"))]
    primary_key: Option<PrimaryKeyFields>,
    /// Further keys.
    #[option(key = "constraintKeys", fallback("constraint_keys"))]
    constraint_keys: Option<Vec<ConstraintKeyFields>>,
}

/// One column.
#[derive(Clone, Debug, Options)]
struct ColumnFields {
    /// Its name.
    name: String,
    /// Its type.
    #[option(key = "type")]
    data_type: ConfigValue,
    /// Whether it may hold nulls.
    #[option(default = true)]
    nullable: bool,
    /// Longest value.
    #[option(key = "columnLength", fallback("column_length"))]
    column_length: Option<u64>,
    /// Fraction digits.
    #[option(key = "columnScale", fallback("column_scale"))]
    column_scale: Option<i32>,
    /// The value of rows that don't give one.
    #[option(key = "defaultValue", fallback("default_value"))]
    default_value: Option<ConfigValue>,
    /// What the column is.
    comment: Option<String>,
}

/// The primary key.
#[derive(Clone, Debug, Options)]
struct PrimaryKeyFields {
    /// Its name.
    #[option(default = "PRIMARY")]
    name: String,
    /// Its columns.
    #[option(key = "columnNames", fallback("columns"))]
    column_names: Vec<String>,
}

/// A further key.
#[derive(Clone, Debug, Options)]
struct ConstraintKeyFields {
    /// Its name.
    #[option(key = "constraintName")]
    name: String,
    /// What it asks for.
    #[option(key = "constraintType")]
    kind: ConstraintWord,
    /// Its columns.
    #[option(key = "constraintColumns")]
    columns: Vec<ConstraintColumnFields>,
}

/// A column of a key.
#[derive(Clone, Debug, Options)]
struct ConstraintColumnFields {
    /// Its name.
    #[option(key = "columnName")]
    name: String,
    /// Its order.
    #[option(key = "sortType", default = SortWord::Asc)]
    sort: SortWord,
}

#[derive(Clone, Copy, Debug, PartialEq, super::OptionEnum)]
enum SortWord {
    Asc,
    Desc,
}

#[derive(Clone, Copy, Debug, PartialEq, super::OptionEnum)]
#[allow(clippy::enum_variant_names, reason = "the words of job files")]
enum ConstraintWord {
    IndexKey,
    UniqueKey,
    ForeignKey,
    VectorIndexKey,
}

impl OptionValue for SchemaOption {
    fn option_type() -> OptionType {
        fn set() -> &'static OptionSet {
            SchemaFields::declaration()
        }
        OptionType::Object(set)
    }

    fn read(value: &ConfigValue, reader: &mut OptionReader<'_>) -> Option<Self> {
        if value.as_object().is_none() {
            return reader.wrong_type(value, "an object");
        }
        let fields = <SchemaFields as Options>::read(value, reader)?;
        let columns = match (fields.columns, &fields.fields) {
            (Some(columns), _) => columns
                .into_iter()
                .map(|c| read_column(c, reader))
                .collect::<Vec<_>>(),
            (None, Some(map)) => {
                let Some(members) = map.as_object() else {
                    return reader.wrong_type(map, "an object of names and types");
                };
                members
                    .iter()
                    .map(|(name, value)| {
                        let data_type = read_type(value, reader)?;
                        Some(Column::new(name, data_type))
                    })
                    .collect()
            }
            (None, None) => Vec::new(),
        };
        let columns = columns.into_iter().collect::<Option<Vec<_>>>()?;
        let mut seen = std::collections::HashSet::new();
        if let Some(twice) = columns.iter().find(|c| !seen.insert(c.name.as_str())) {
            reader.invalid(value, format!("the column {:?} is there twice", twice.name));
            return None;
        }
        let schema = TableSchema {
            columns,
            primary_key: fields.primary_key.map(|k| PrimaryKey {
                name: k.name,
                columns: k.column_names,
            }),
            constraint_keys: fields
                .constraint_keys
                .unwrap_or_default()
                .into_iter()
                .map(constraint_key)
                .collect(),
        };
        let key_columns = schema.primary_key.iter().flat_map(|k| &k.columns).chain(
            schema
                .constraint_keys
                .iter()
                .flat_map(|k| k.columns.iter().map(|(name, _)| name)),
        );
        for name in key_columns {
            if schema.index_of(name).is_none() {
                reader.invalid(
                    value,
                    format!("a key names the column {name:?}, which there is not"),
                );
                return None;
            }
        }
        Some(Self {
            path: fields
                .table
                .map(|t| TablePath::parse(&t, fields.schema_first)),
            comment: fields.comment,
            schema,
        })
    }

    fn render(&self) -> String {
        "{…}".to_owned()
    }
}

fn read_type(value: &ConfigValue, reader: &mut OptionReader<'_>) -> Option<DataType> {
    DataType::from_config(value)
        .map_err(|message| reader.invalid(value, message))
        .ok()
}

fn read_column(fields: ColumnFields, reader: &mut OptionReader<'_>) -> Option<Column> {
    let mut data_type = read_type(&fields.data_type, reader)?;
    if let (DataType::FloatVector(dimension @ 0), Some(scale)) =
        (&mut data_type, fields.column_scale)
    {
        // SeaTunnel gives a vector's dimension as the column's scale.
        *dimension = scale.max(0) as u32;
    }
    Some(Column {
        name: fields.name,
        data_type,
        length: fields.column_length,
        scale: fields.column_scale,
        nullable: fields.nullable,
        default_value: fields
            .default_value
            .map(|v| v.scalar_text().unwrap_or_else(|| v.to_json().to_string())),
        comment: fields.comment,
        source_type: None,
        sink_type: None,
    })
}

fn constraint_key(fields: ConstraintKeyFields) -> ConstraintKey {
    ConstraintKey {
        name: fields.name,
        kind: match fields.kind {
            ConstraintWord::IndexKey => ConstraintKind::Index,
            ConstraintWord::UniqueKey => ConstraintKind::Unique,
            ConstraintWord::ForeignKey => ConstraintKind::Foreign,
            ConstraintWord::VectorIndexKey => ConstraintKind::VectorIndex,
        },
        columns: fields
            .columns
            .into_iter()
            .map(|c| {
                let order = match c.sort {
                    SortWord::Asc => SortOrder::Asc,
                    SortWord::Desc => SortOrder::Desc,
                };
                (c.name, order)
            })
            .collect(),
    }
}
