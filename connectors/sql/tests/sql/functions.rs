//! The functions, each with a value and with nulls.

use crate::support::{Job, check, refused, rows};

#[test]
fn functions_of_texts() {
    check(&[
        ("ascii(name)", "74", "int", "null"),
        ("bit_length(name)", "64", "bigint", "null"),
        ("length('né')", "2", "bigint", "2"),
        ("char_length(name)", "8", "bigint", "null"),
        ("chr(9731)", "☃", "string", "☃"),
        ("octet_length('né')", "3", "bigint", "3"),
        ("char(98)", "b", "string", "b"),
        ("concat(name, id, '!')", "Joy Ding1!", "string", "2!"),
        ("name || '_' || id", "Joy Ding_1", "string", "_2"),
        (
            "concat_ws('-', name, maybe, id)",
            "Joy Ding-1",
            "string",
            "2",
        ),
        ("hextoraw('0041')", "A", "string", "A"),
        (
            "rawtohex(name)",
            "004a006f0079002000440069006e0067",
            "string",
            "null",
        ),
        ("rawtohex(blob)", "6869", "string", "null"),
        ("insert(name, 2, 2, '**')", "J** Ding", "string", "**"),
        ("lower(name)", "joy ding", "string", "null"),
        ("upper(name)", "JOY DING", "string", "null"),
        ("left(name, 3)", "Joy", "string", "null"),
        ("right(name, 4)", "Ding", "string", "null"),
        ("locate('D', name)", "5", "int", "0"),
        ("locate('z', name)", "0", "int", "0"),
        ("instr(name, 'i', 2)", "6", "int", "0"),
        ("instr('abcabc', 'b', -1)", "5", "int", "5"),
        ("position('y', name)", "3", "int", "0"),
        ("position('y' in name)", "3", "int", "0"),
        ("lpad(name, 10, '*')", "**Joy Ding", "string", "null"),
        ("rpad(name, 3)", "Joy", "string", "null"),
        ("ltrim('  a ')", "a ", "string", "a "),
        ("rtrim('xax', 'x')", "xa", "string", "xa"),
        ("trim('*a*', '*')", "a", "string", "a"),
        ("trim(leading ' ' from ' a ')", "a ", "string", "a "),
        ("repeat('ab', 3)", "ababab", "string", "ababab"),
        ("replace(name, ' ', '_')", "Joy_Ding", "string", "null"),
        ("replace(name, ' ')", "JoyDing", "string", "null"),
        ("soundex('Robert')", "R163", "string", "R163"),
        ("soundex('Ashcraft')", "A261", "string", "A261"),
        ("'[' || space(2) || ']'", "[  ]", "string", "[  ]"),
        ("substring(name, 1, 3)", "Joy", "string", "null"),
        ("substring(name, -4)", "Ding", "string", "null"),
        ("substr(name, 0, 3)", "Joy", "string", "null"),
        ("substring(name from 5 for 2)", "Di", "string", "null"),
        ("substring(name, 99)", "null", "string", "null"),
        ("substring(name, 5)", "Ding", "string", "null"),
        ("substring(name, 5, 0)", "null", "string", "null"),
        ("substring(name, id, 1)", "J", "string", "null"),
        ("substring(name || 'ä', 8)", "gä", "string", "null"),
        (
            "translate(name, 'ing', 'ING')",
            "Joy DING",
            "string",
            "null",
        ),
        ("to_char(id)", "1", "string", "2"),
        ("to_char(ts, 'yyyy-MM-dd')", "2021-04-08", "string", "null"),
        ("to_base64(name)", "Sm95IERpbmc=", "string", "null"),
        ("from_base64('Sm95')", "Joy", "string", "Joy"),
        (
            "regexp_replace(name, '(\\w)y', '$1i')",
            "Joi Ding",
            "string",
            "null",
        ),
        (
            "regexp_replace('aWWb', 'w+', '-', 'i')",
            "a-b",
            "string",
            "a-b",
        ),
        (
            "regexp_substr('2020-10-01', '\\d{4}')",
            "2020",
            "string",
            "2020",
        ),
        (
            "regexp_substr('2020-10-01', '(\\d+)-(\\d+)', 1, 1, null, 2)",
            "10",
            "string",
            "10",
        ),
        ("rawtohex('é')", "00e9", "string", "00e9"),
        ("soundex(name)", "J352", "string", "null"),
        ("space(3 - id)", "  ", "string", " "),
        ("char(age + 78)", "b", "string", "null"),
        ("hextoraw(maybe)", "null", "string", "null"),
        ("from_base64(maybe)", "null", "string", "null"),
        ("rpad(maybe, 3)", "null", "string", "null"),
        ("lcase('ÄB')", "äb", "string", "äb"),
        ("ucase('äb')", "ÄB", "string", "ÄB"),
        ("repeat(maybe, 3)", "null", "string", "null"),
        (
            "split('a;b;;c;;', ';')",
            "[a, b, , c]",
            "array<string>",
            "[a, b, , c]",
        ),
        (
            "split(name, 'o|i')",
            "[J, y D, ng]",
            "array<string>",
            "null",
        ),
        ("split('', ';')", "[]", "array<string>", "[]"),
        ("split(';;', ';')", "[]", "array<string>", "[]"),
        ("regexp_like(name, '^joy', 'i')", "true", "boolean", "null"),
        ("regexp_substr('a1b2', '\\d', 1, 2)", "2", "string", "2"),
        ("length(uuid())", "36", "bigint", "36"),
        // The same bytes that javax.crypto's DES/CBC/PKCS5Padding gives.
        (
            "des_decrypt('1234567890', des_encrypt('1234567890', name))",
            "Joy Ding",
            "string",
            "null",
        ),
    ]);
}

#[test]
fn functions_of_numbers() {
    check(&[
        ("abs(-5)", "5", "int", "5"),
        ("abs(-amount)", "12.34", "decimal(10, 2)", "null"),
        ("ceil(price)", "135", "int", "null"),
        ("ceiling(-1.5)", "-1", "int", "-1"),
        ("floor(amount)", "12", "int", "null"),
        ("round(price, 1)", "134.2", "double", "null"),
        ("round(2.5)", "3.0", "double", "3.0"),
        ("round(1234, -2)", "1200", "int", "1200"),
        ("trunc(-2.789, 1)", "-2.7", "double", "-2.7"),
        ("sign(-3)", "-1", "int", "-1"),
        ("mod(7, id + 2)", "1", "int", "3"),
        ("mod(amount, 5)", "2", "int", "null"),
        ("power(2, 10)", "1024.0", "double", "1024.0"),
        ("sqrt(16)", "4.0", "double", "4.0"),
        ("log(2, 8)", "3.0", "double", "3.0"),
        ("log10(1000)", "3.0", "double", "3.0"),
        ("ln(exp(1))", "1.0", "double", "1.0"),
        ("pi()", "3.141592653589793", "double", "3.141592653589793"),
        (
            "radians(180)",
            "3.141592653589793",
            "double",
            "3.141592653589793",
        ),
        ("rand() < 1", "true", "boolean", "true"),
        ("random(7) = random(7)", "true", "boolean", "true"),
        ("acos(ratio - 0.5)", "0.0", "double", "null"),
        ("asin(ratio - 1.5)", "0.0", "double", "null"),
        ("atan(ratio - 1.5)", "0.0", "double", "null"),
        ("atan2(ratio - 1.5, 1)", "0.0", "double", "null"),
        ("cos(ratio - 1.5)", "1.0", "double", "null"),
        ("cosh(ratio - 1.5)", "1.0", "double", "null"),
        ("round(cot(ratio), 6)", "0.070915", "double", "null"),
        ("sin(ratio - 1.5)", "0.0", "double", "null"),
        ("sinh(ratio - 1.5)", "0.0", "double", "null"),
        ("tan(ratio - 1.5)", "0.0", "double", "null"),
        ("tanh(ratio - 1.5)", "0.0", "double", "null"),
        ("exp(ratio - 1.5)", "1.0", "double", "null"),
        ("ln(ratio - 0.5)", "0.0", "double", "null"),
        ("log(10, price - 34.22)", "2.0", "double", "null"),
        ("log10(big / 50000000)", "2.0", "double", "null"),
        ("radians(ratio - 1.5)", "0.0", "double", "null"),
        ("sqrt(ratio + 0.75)", "1.5", "double", "null"),
        ("power(ratio, 2)", "2.25", "double", "null"),
        ("abs(ratio - 2)", "0.5", "double", "null"),
        ("floor(-price)", "-135", "int", "null"),
        ("sign(ratio - 1.5)", "0", "int", "0"),
        ("trunc(price, 1)", "134.2", "double", "null"),
        ("truncate(price)", "134.0", "double", "null"),
        // The digits of a double decide, not what its bits stand for.
        ("round(price * 0 + 2.675, 2)", "2.68", "double", "null"),
        ("round(price * 0 + 1.005, 2)", "1.01", "double", "null"),
        ("round(-price * 100 - 0.5)", "-13423.0", "double", "null"),
        (
            "round(price * 1e13, 2)",
            "1342200000000000.0",
            "double",
            "null",
        ),
        ("trim_scale(amount * 10)", "123.4", "string", "null"),
        (
            "trim_scale(cast(120 as decimal(10, 2)))",
            "120",
            "string",
            "120",
        ),
        ("trim_scale(price)", "134.22", "string", "null"),
    ]);
}

#[test]
fn functions_of_times() {
    check(&[
        (
            "dateadd(ts, 1)",
            "2021-04-09T13:34:45.235",
            "timestamp",
            "null",
        ),
        ("dateadd(day, 1, 'MONTH')", "2021-05-08", "date", "null"),
        (
            "dateadd(day, 1, 'HOUR')",
            "2021-04-08T01:00:00",
            "timestamp",
            "null",
        ),
        (
            "dateadd(date '2024-01-31', 1, 'MONTH')",
            "2024-02-29",
            "date",
            "2024-02-29",
        ),
        ("dateadd(clock, 12, 'HOUR')", "01:34:45", "time", "null"),
        ("datediff(day, ts)", "0", "bigint", "null"),
        (
            "datediff(date '2021-01-31', date '2021-03-01', 'MONTH')",
            "1",
            "bigint",
            "1",
        ),
        (
            "date_trunc(ts, 'MONTH')",
            "2021-04-01T00:00:00",
            "timestamp",
            "null",
        ),
        ("dayname(ts)", "Thursday", "string", "null"),
        ("monthname(day)", "April", "string", "null"),
        ("day_of_month(day)", "8", "int", "null"),
        ("day_of_week(day)", "4", "int", "null"),
        ("day_of_year(day)", "98", "int", "null"),
        ("year(ts)", "2021", "int", "null"),
        ("quarter(ts)", "2", "int", "null"),
        ("week(ts)", "15", "int", "null"),
        ("hour(clock)", "13", "int", "null"),
        ("extract(MILLISECOND from ts)", "235", "int", "null"),
        ("extract(milliseconds from ts)", "45235", "int", "null"),
        ("extract(DAYOFWEEK from ts)", "4", "int", "null"),
        ("extract(epoch from day)", "1617840000", "bigint", "null"),
        (
            "formatdatetime(ts, 'dd.MM.yy HH''h''')",
            "08.04.21 13h",
            "string",
            "null",
        ),
        (
            "parsedatetime('20210408133445', 'yyyyMMddHHmmss')",
            "2021-04-08T13:34:45",
            "timestamp",
            "2021-04-08T13:34:45",
        ),
        (
            "to_date('2021/04/08', 'yyyy/MM/dd')",
            "2021-04-08",
            "date",
            "2021-04-08",
        ),
        ("to_date('13:34', 'HH:mm')", "13:34:00", "time", "13:34:00"),
        ("is_date(name, 'yyyy-MM-dd')", "false", "boolean", "false"),
        (
            "from_unixtime(1672502400, 'yyyy-MM-dd HH:mm:ss', 'UTC+8')",
            "2023-01-01 00:00:00",
            "string",
            "2023-01-01 00:00:00",
        ),
        ("dayname(day)", "Thursday", "string", "null"),
        ("monthname(ts)", "April", "string", "null"),
        ("month(day)", "4", "int", "null"),
        ("minute(clock)", "34", "int", "null"),
        ("second(ts)", "45", "int", "null"),
        (
            "timestampadd(ts, -1, 'YEAR')",
            "2020-04-08T13:34:45.235",
            "timestamp",
            "null",
        ),
        (
            "from_unixtime(big - 3327497600, 'yyyy-MM-dd HH', 'Asia/Shanghai')",
            "2023-01-01 00",
            "string",
            "null",
        ),
        (
            "from_unixtime(0, 'HH', 'America/New_York')",
            "19",
            "string",
            "19",
        ),
        (
            "ts at time zone '+09:00'",
            "2021-04-08T04:34:45.235Z",
            "timestamp_tz",
            "null",
        ),
        (
            "ts at time zone 'Pacific/Honolulu'",
            "2021-04-08T23:34:45.235Z",
            "timestamp_tz",
            "null",
        ),
        (
            "tz at time zone 'Pacific/Honolulu'",
            "2021-04-08T13:34:45.235Z",
            "timestamp_tz",
            "null",
        ),
        ("parsedatetime(maybe, 'yyyy-MM-dd')", "null", "date", "null"),
        ("to_char(maybe)", "null", "string", "null"),
        ("current_time is null", "false", "boolean", "false"),
        ("current_timestamp > ts", "true", "boolean", "null"),
        ("current_date is null", "false", "boolean", "false"),
        ("now() > ts", "true", "boolean", "null"),
    ]);
}

#[test]
fn hashes_secrets_and_json() {
    check(&[
        (
            "md5(name)",
            "39748943319b4769ad1c1227531d0f14",
            "string",
            "null",
        ),
        (
            "murmur64('hello')",
            "-3758069500696749310",
            "bigint",
            "-3758069500696749310",
        ),
        ("murmur64(maybe)", "null", "bigint", "null"),
        ("uuid() = uuid()", "false", "boolean", "false"),
        // openssl enc -aes-128-cbc -K (the first 16 bytes of SHA-256 of 'secret') -iv 0123456789abcdef
        (
            "aes_encrypt(name, 'secret', '0123456789abcdef')",
            "jx1AbTAVV9dlP2JyCmSMrg==",
            "string",
            "null",
        ),
        // openssl enc -aes-256-cbc -K 000102…1f -iv 0123456789abcdef
        (
            "aes_encrypt(name, 'base64:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=', '0123456789abcdef')",
            "pxG+6prXN7nfuvjAPHBpag==",
            "string",
            "null",
        ),
        (
            "aes_decrypt(aes_encrypt(name, 'secret'), 'secret')",
            "Joy Ding",
            "string",
            "null",
        ),
        (
            "aes_encrypt(name, 'k') = aes_encrypt(name, 'k')",
            "false",
            "boolean",
            "null",
        ),
        (
            "aes_decrypt(aes_encrypt(name, 'base64:AAECAwQFBgcICQoLDA0ODxAREhMUFRYX'), \
             'base64:AAECAwQFBgcICQoLDA0ODxAREhMUFRYX')",
            "Joy Ding",
            "string",
            "null",
        ),
        (
            "get_json_object('{\"a\": [1, {\"b c\": \"x\"}], \"t\": true}', '$.a[1][''b c'']')",
            "x",
            "string",
            "x",
        ),
        (
            "get_json_object('{\"a\": [1, 2.50]}', '$.a')",
            "[1,2.5]",
            "string",
            "[1,2.5]",
        ),
        (
            "get_json_object('{\"a\": 1e3}', '$.a')",
            "1000.0",
            "string",
            "1000.0",
        ),
        (
            "get_json_object('{\"a\": 12}', '$.a')",
            "12",
            "string",
            "12",
        ),
        (
            "get_json_object('{\"a\": true}', '$.a')",
            "true",
            "string",
            "true",
        ),
        (
            "get_json_object('{\"a\": null}', '$.a')",
            "null",
            "string",
            "null",
        ),
        (
            "get_json_object('{\"a\": 1}', '$.b')",
            "null",
            "string",
            "null",
        ),
        (
            "get_json_object('{\"a\": 1', '$.a')",
            "null",
            "string",
            "null",
        ),
        ("get_json_object('[5]', '$[0]')", "5", "string", "5"),
        ("get_json_object(name, '$')", "null", "string", "null"),
        ("get_json_object(maybe, '$')", "null", "string", "null"),
    ]);
}

#[test]
fn arrays_and_maps() {
    check(&[
        ("array(1, 2, id)", "[1, 2, 1]", "array<int>", "[1, 2, 2]"),
        (
            "array(id, big)",
            "[1, 5000000000]",
            "array<bigint>",
            "[2, null]",
        ),
        (
            "array('c', 2, 3.12)",
            "[c, 2, 3.12]",
            "array<string>",
            "[c, 2, 3.12]",
        ),
        ("array()", "[]", "array<string>", "[]"),
        (
            "array(maybe, null)",
            "[null, null]",
            "array<string>",
            "[null, null]",
        ),
        ("array_max(list)", "9", "int", "null"),
        ("array_min(list)", "-1", "int", "null"),
        ("array_max(words)", "b", "string", "null"),
        ("array_min(array(maybe))", "null", "string", "null"),
        ("array_max(array(2.5, price))", "134.22", "double", "2.5"),
        (
            "map('a', id, 'b', 2)",
            "{a=1, b=2}",
            "map<string, int>",
            "{a=2, b=2}",
        ),
        ("map('a', 1, 'a', id)", "{a=1}", "map<string, int>", "{a=2}"),
        ("map('a', maybe)['a']", "null", "string", "null"),
        (
            "map(id, name)",
            "{1=Joy Ding}",
            "map<int, string>",
            "{2=null}",
        ),
    ]);
    let job = Job::new("select map(name, 1) as x from fake").unwrap();
    let error = job.run(rows()).unwrap_err().report();
    assert!(error.contains("MAP: a key is null"), "{error}");
}

#[test]
fn vectors() {
    check(&[
        ("vector_dims(vec)", "3", "int", "null"),
        ("vector_dims(array(1, 2))", "2", "int", "2"),
        ("vector_norm(vec)", "5.0", "double", "null"),
        ("inner_product(vec, vec)", "25.0", "double", "null"),
        (
            "inner_product(vec, array(1, 2, 0.5))",
            "5.0",
            "double",
            "null",
        ),
        (
            "cosine_distance(vec, array(0, 1, 0))",
            "1.0",
            "double",
            "null",
        ),
        (
            "cosine_distance(vec, array(0, 0, 0))",
            "1.0",
            "double",
            "null",
        ),
        ("cosine_distance(vec, vec)", "0.0", "double", "null"),
        ("l1_distance(vec, array(0, 1, 0))", "8.0", "double", "null"),
        ("l2_distance(vec, array(0, 0, 0))", "5.0", "double", "null"),
        (
            "vector_normalize(vec)",
            "[0.6, 0.0, 0.8]",
            "float_vector(3)",
            "null",
        ),
        (
            "vector_reduce(vec, 2, 'TRUNCATE')",
            "[3.0, 0.0]",
            "float_vector(2)",
            "null",
        ),
        (
            "vector_reduce(vec, 5, 'truncate')",
            "[3.0, 0.0, 4.0]",
            "float_vector(3)",
            "null",
        ),
        // The weights are 1.1419053, 0.919408 and -0.94986665; and 0, 0 and -1.7320508.
        (
            "vector_reduce(vec, 1, 'RANDOM_PROJECTION')",
            "[-0.3737507]",
            "float_vector(1)",
            "null",
        ),
        (
            "vector_reduce(vec, 1, 'SPARSE_RANDOM_PROJECTION')",
            "[-6.928203]",
            "float_vector(1)",
            "null",
        ),
    ]);
    let job = Job::new("select l1_distance(vec, array(1)) as x from fake").unwrap();
    let error = job.run(rows()).unwrap_err().report();
    assert!(
        error.contains("the vectors have 3 and 1 dimensions"),
        "{error}"
    );
    let report = refused("select inner_product(vec, vector_reduce(vec, 2, 'TRUNCATE')) from fake");
    assert!(
        report.contains("the vectors have 3 and 2 dimensions"),
        "{report}"
    );
}

#[test]
fn every_function_has_its_line_above() {
    let registry = seatunnel_transform_sql::register(seatunnel_api::Registry::new());
    let factory = registry.find_transform("sql").expect("it is registered");
    let tests = concat!(
        include_str!("functions.rs"),
        include_str!("expressions.rs"),
        include_str!("relations.rs")
    );
    let tests = tests.to_lowercase();
    let mut names = 0;
    for line in factory
        .notes()
        .lines()
        .filter(|line| line.starts_with("| `"))
    {
        let call = line
            .trim_start_matches("| `")
            .split(['(', '`'])
            .next()
            .unwrap_or_default();
        for name in call.split(" / ").map(str::to_lowercase) {
            names += 1;
            let tested = match name.split_once("at time zone") {
                Some(_) => tests.contains("at time zone"),
                // Some may be called without parentheses.
                None => tests.contains(&format!("{name}(")) || tests.contains(&format!("{name} ")),
            };
            assert!(tested, "{name}");
        }
    }
    assert!(names > 120, "{names}");
}
