//! Each place of a file with many tables.

use super::Count;
use crate::loader::Folder;

#[test]
fn each_place_with_many_tables() {
    let mut count = Count::default();
    for top in [
        "db",
        "DB",
        "vector",
        "external",
        "search",
        "graph",
        "house",
        "cloud",
        "HO-USE",
        "connections",
        "Connections",
        "x-a",
        "foo",
    ] {
        for name in [
            "pg",
            "PostgreSQL",
            "sink",
            "finder",
            "Finder",
            "confluence",
            "atlassian",
            "store",
            "a_name",
            "x-b",
        ] {
            for table in [
                "",
                "text",
                "[]",
                "{}",
                "{database: a}",
                "{type: pg, database: a}",
                "{Connection_Type: PG}",
                "{Type: mem}",
                "{type: Finder, hosts: http://a}",
                "{hosts: http://a}",
                "{type: kitchen-sink, site: http://a, api_key: abcdefgh}",
                "{site: http://a, api_key: abcdefgh}",
                "{url: http://a}",
                "{url: http://a, space: s}",
                "{url: http://a, space: s, project: p, pool_size: 3}",
                "{url: http://a, space: s, database: a}",
                "{type: jira, url: http://a, project: p}",
                "{type: jira, url: http://a, space: s}",
                "{bucket: b}",
                "{bucket: b, archive: {tier: t}}",
                "{type: archiver, tier: t}",
                "{type: nope}",
                "{type: '${KIND:mem}', limit: 5}",
                "{type: }",
            ] {
                let text = format!("{top}: {{{name}: {table}}}\n");
                let loads = Folder::new().file("connections.yaml", &text).load().is_ok();
                count.compare_document(&text, loads, false);
            }
        }
    }
    let Count {
        both_accept,
        both_refuse,
        ..
    } = count;
    assert!(both_accept > 300 && both_refuse > 1000, "{count:?}");
}
