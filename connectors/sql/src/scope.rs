//! The columns that a query can name.

use datafusion_common::{Column as PlanColumn, TableReference};
use seatunnel_api::{CatalogTable, Column, Result};
use seatunnel_transforms::columns::known_columns;
use sqlparser::ast::Ident;

use crate::codes;
use crate::errors::refuse;
use crate::expr::Typed;

/// A table behind FROM.
#[derive(Clone, Debug)]
pub(crate) struct Relation {
    /// What the query may call it.
    pub(crate) names: Vec<String>,
    /// What DataFusion calls it; nothing if it is the only one.
    pub(crate) qualifier: Option<TableReference>,
    pub(crate) columns: Vec<Column>,
    /// What messages call it.
    pub(crate) title: String,
}

impl Relation {
    /// The one table of a query that has no other.
    pub(crate) fn only(table: &CatalogTable, names: Vec<String>) -> Self {
        Self {
            names,
            qualifier: None,
            columns: table.columns().to_vec(),
            title: format!("table {}", table.path()),
        }
    }

    fn is_called(&self, name: &str) -> bool {
        self.names.iter().any(|n| n.eq_ignore_ascii_case(name))
    }

    /// The column of this name.
    pub(crate) fn column(&self, name: &str) -> Option<Typed> {
        let column = self.columns.iter().find(|c| c.name == name)?;
        Some(self.typed(column))
    }

    /// One of its columns as an expression.
    pub(crate) fn typed(&self, column: &Column) -> Typed {
        Typed::column(
            self.qualifier.as_ref(),
            &column.name,
            column.data_type.clone(),
        )
    }
}

/// The tables behind FROM.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope {
    pub(crate) relations: Vec<Relation>,
    /// The columns that USING made one of several.
    pub(crate) merged: Vec<(String, Typed)>,
}

impl Scope {
    /// The column that a name begins with, and the parts of the name that lead into it. A table's name
    /// may stand in front; if there is one table only, a column of that name comes first.
    ///
    /// # Errors
    /// If there is no such column, or more than one.
    pub(crate) fn find<'n>(&self, names: &'n [Ident]) -> Result<(Typed, &'n [Ident])> {
        let first = &names[0];
        let alone = self.relations.len() == 1;
        let is_column = || self.columns_named(&first.value).next().is_some();
        let relation = self.relations.iter().find(|r| r.is_called(&first.value));
        if let Some(relation) = relation
            && names.len() > 1
            && !(alone && is_column())
        {
            let name = &names[1];
            let column = relation.column(&name.value);
            let found = column.ok_or_else(|| unknown(name, std::slice::from_ref(relation)))?;
            return Ok((found, &names[2..]));
        }
        if let Some((_, merged)) = self.merged.iter().find(|(name, _)| *name == first.value) {
            return Ok((merged.clone(), &names[1..]));
        }
        let mut found = self.columns_named(&first.value);
        let Some((_, column)) = found.next() else {
            return Err(unknown(first, &self.relations));
        };
        if let Some((second, _)) = found.next() {
            let what = format!("`{}` is a column of more than one table", first.value);
            let help = format!("say which: `{}.{}`", second.names[0], first.value);
            return Err(refuse(codes::SQL_UNKNOWN, first.span, what).with_help(help));
        }
        Ok((column, &names[1..]))
    }

    /// What is known of a column that an expression is.
    pub(crate) fn column(&self, of: &PlanColumn) -> Option<&Column> {
        let mut relations = self.relations.iter();
        let relation = relations.find(|r| r.qualifier == of.relation)?;
        relation.columns.iter().find(|c| c.name == of.name)
    }

    fn columns_named(&self, name: &str) -> impl Iterator<Item = (&Relation, Typed)> {
        let named = move |relation: &Relation| relation.column(name);
        self.relations
            .iter()
            .filter_map(move |r| Some((r, named(r)?)))
    }
}

fn unknown(name: &Ident, relations: &[Relation]) -> seatunnel_api::Error {
    let titles: Vec<&str> = relations.iter().map(|r| r.title.as_str()).collect();
    let columns = relations.iter().flat_map(|r| &r.columns);
    let known: Vec<&str> = columns.map(|c| c.name.as_str()).collect();
    let what = match titles.as_slice() {
        [title] => format!("{title} has no column `{}`", name.value),
        titles => format!(
            "none of {} has a column `{}`",
            titles.join(", "),
            name.value
        ),
    };
    refuse(codes::SQL_UNKNOWN, name.span, what).with_help(known_columns(&name.value, &known))
}
