//! Reading targets of a sink back.

use indexmap::IndexMap;
use seatunnel_api::config::{ConfigValue, Kind, Span};
use seatunnel_api::options::Options;
use seatunnel_api::{Result, TablePath};

use crate::options::{ConnectionOptions, JdbcSourceOptions, TableOptions};

/// Options of a source that reads these tables, with nothing else given.
///
/// # Errors
/// None, unless an option without default is added.
pub fn source_of(
    connection: &ConnectionOptions,
    tables: &[TablePath],
) -> Result<JdbcSourceOptions> {
    let url = ConfigValue::string(&connection.url);
    let given = IndexMap::from([
        ("url".to_owned(), url),
        ("table_path".to_owned(), ConfigValue::string("t")),
    ]);
    let given = ConfigValue::new(Kind::Object(given), Span::none());
    let mut options = JdbcSourceOptions::from_config("Jdbc", &given)?;
    options.connection = connection.clone();
    options.table_path = None;
    let list = tables.iter().map(|path| TableOptions {
        table_path: Some(path.to_string()),
        query: None,
        partition_column: None,
        partition_num: None,
        partition_lower_bound: None,
        partition_upper_bound: None,
        use_select_count: None,
        skip_analyze: None,
        use_regex: Some(false),
    });
    options.table_list = Some(list.collect());
    Ok(options)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::wanted::wanted;

    #[test]
    fn tables_are_read_as_they_are() {
        let json = json!({"url": "jdbc:x://h/d", "user": "u", "password": "p"});
        let connection =
            ConnectionOptions::from_config("Jdbc", &ConfigValue::from_json(&json)).unwrap();
        let paths = [TablePath::parse("d.s.t", true), TablePath::parse("u", true)];
        let options = source_of(&connection, &paths).unwrap();
        assert_eq!(options.connection.username.as_deref(), Some("u"));
        let wanted = wanted(&options).unwrap();
        let names: Vec<_> = wanted.iter().map(|t| t.table_path.as_deref()).collect();
        assert_eq!(names, [Some("d.s.t"), Some("u")]);
    }
}
