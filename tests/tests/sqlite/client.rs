//! What the client does when nothing goes wrong.

use std::collections::BTreeSet;

use connreg::ErrorKind;
use connreg_backends::sqlite::Named;

use super::{in_file, in_memory, load};

const PEOPLE: &str = "CREATE TABLE people (name TEXT NOT NULL UNIQUE, age INTEGER, photo BLOB)";

#[tokio::test]
async fn rows_come_back_as_they_went_in() {
    let connection = in_memory().await;
    let db = connection.client().await.unwrap();
    db.execute_batch(PEOPLE).await.unwrap();
    let name = String::from("Ada");
    let insert = "INSERT INTO people VALUES (?1, ?2, ?3)";
    assert_eq!(
        db.execute(insert, (&name, 36, [0_u8, 255])).await.unwrap(),
        1
    );
    db.execute(insert, ("Bob", None::<i64>, None::<Vec<u8>>))
        .await
        .unwrap();

    let rows = db
        .query("SELECT * FROM people WHERE age > ?1", &[&25])
        .await
        .unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].columns(), ["name", "age", "photo"]);
    assert_eq!(rows[0].get::<String>("name").unwrap(), name);
    assert_eq!(rows[0].get::<u8>(1).unwrap(), 36);
    assert_eq!(rows[0].get::<Vec<u8>>("PHOTO").unwrap(), [0, 255]);

    let named = Named([(":name", "Bob")]);
    let bob = db
        .query_one("SELECT age, photo FROM people WHERE name = :name", named)
        .await
        .unwrap();
    assert_eq!(bob.get::<Option<i64>>("age").unwrap(), None);
    assert!(
        db.query_opt("SELECT 1 FROM people WHERE age > 99", ())
            .await
            .unwrap()
            .is_none()
    );
    let inserted = "INSERT INTO people VALUES ('Eve', 1, NULL) RETURNING name";
    let eve: String = db.query_one(inserted, ()).await.unwrap().get(0).unwrap();
    assert_eq!(eve, "Eve");
}

#[tokio::test]
async fn errors_say_what_is_wrong_and_keep_values_to_themselves() {
    let connection = in_memory().await;
    let db = connection.client().await.unwrap();
    db.execute_batch(PEOPLE).await.unwrap();
    let insert = "INSERT INTO people (name) VALUES (?1)";
    db.execute(insert, ["hunter2"]).await.unwrap();

    let error = db.execute(insert, ["hunter2"]).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("UNIQUE constraint failed: people.name"),
        "{error}"
    );
    assert!(!format!("{error:?}").contains("hunter2"));

    let error = db.query("SELEC 'hunter2'", ()).await.unwrap_err();
    assert!(
        error.to_string().contains("near \"SELEC\": syntax error"),
        "{error}"
    );
    assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");

    let error = db.execute(insert, (1, 2)).await.unwrap_err();
    assert!(
        error.to_string().contains("has 1 parameters, 2 were given"),
        "{error}"
    );

    let error = db.query_one("SELECT 1 WHERE 0", ()).await.unwrap_err();
    assert!(error.to_string().contains("no row"), "{error}");
    let error = db
        .query_one("SELECT 1 UNION SELECT 2", ())
        .await
        .unwrap_err();
    assert!(error.to_string().contains("more than one row"), "{error}");

    let row = db.query_one("SELECT 'text' AS word", ()).await.unwrap();
    let error = row.get::<i64>("word").unwrap_err();
    assert!(
        error.to_string().contains("column `word` holds Text"),
        "{error}"
    );
    let error = row.get::<i64>("wrod").unwrap_err();
    assert!(
        error
            .to_string()
            .contains("no column `wrod`; there are `word`"),
        "{error}"
    );
}

#[tokio::test]
async fn a_transaction_is_all_or_nothing() {
    let connection = in_memory().await;
    let db = connection.client().await.unwrap();
    db.execute_batch(PEOPLE).await.unwrap();
    let written = db.transaction(|transaction| {
        transaction.execute("INSERT INTO people (name) VALUES ('Ada')", [])?;
        Ok(transaction.execute("INSERT INTO people (name) VALUES ('Bob')", [])?)
    });
    assert_eq!(written.await.unwrap(), 1);

    let failed = db.transaction(|transaction| {
        transaction.execute("INSERT INTO people (name) VALUES ('Eve')", [])?;
        Err::<(), _>("changed my mind".into())
    });
    let error = failed.await.unwrap_err();
    assert!(error.to_string().contains("changed my mind"), "{error}");
    let names = db
        .query("SELECT name FROM people ORDER BY name", ())
        .await
        .unwrap();
    let names: Vec<String> = names.iter().map(|row| row.get(0).unwrap()).collect();
    assert_eq!(names, ["Ada", "Bob"]);
}

#[tokio::test]
async fn a_closure_gets_all_of_rusqlite() {
    let connection = in_memory().await;
    let db = connection.client().await.unwrap();
    let sum = db.with(|connection| {
        let mut statement = connection.prepare("SELECT 1 UNION SELECT 2")?;
        let numbers = statement.query_map([], |row| row.get::<_, i64>(0))?;
        Ok(numbers.sum::<Result<i64, _>>()?)
    });
    assert_eq!(sum.await.unwrap(), 3);
}

#[tokio::test]
async fn all_connections_to_memory_see_one_database() {
    let connection = in_memory().await;
    let db = connection.client().await.unwrap();
    db.execute_batch(PEOPLE).await.unwrap();
    let writers: Vec<_> = (0..50)
        .map(|n| {
            let connection = connection.clone();
            tokio::spawn(async move {
                let db = connection.client().await.unwrap();
                db.execute("INSERT INTO people (name) VALUES (?1)", [n.to_string()])
                    .await
                    .unwrap();
                let count = db
                    .query_one("SELECT count(*) FROM people", ())
                    .await
                    .unwrap();
                count.get::<i64>(0).unwrap()
            })
        })
        .collect();
    let mut counts = BTreeSet::new();
    for writer in writers {
        counts.insert(writer.await.unwrap());
    }
    assert_eq!(counts.last(), Some(&50));
    assert!(
        db.statistics().created > 1,
        "one connection served all: {:?}",
        db.statistics()
    );

    let other = in_memory().await;
    let error = other
        .client()
        .await
        .unwrap()
        .query("SELECT * FROM people", ())
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("no such table"),
        "two connections share a database"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_take_turns_and_readers_read_on() {
    let directory = tempfile::tempdir().unwrap();
    let connection = in_file(directory.path()).await;
    let db = connection.client().await.unwrap();
    db.execute_batch("CREATE TABLE counter (n INTEGER); INSERT INTO counter VALUES (0)")
        .await
        .unwrap();
    let tasks: Vec<_> = (0..64)
        .map(|n| {
            let connection = connection.clone();
            tokio::spawn(async move {
                let db = connection.client().await.unwrap();
                if n % 2 == 0 {
                    let add = db.transaction(|transaction| {
                        let n: i64 =
                            transaction.query_row("SELECT n FROM counter", [], |row| row.get(0))?;
                        Ok(transaction.execute("UPDATE counter SET n = ?1", [n + 1])?)
                    });
                    add.await.unwrap();
                } else {
                    db.query("SELECT n FROM counter", ()).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let n: i64 = db
        .query_one("SELECT n FROM counter", ())
        .await
        .unwrap()
        .get(0)
        .unwrap();
    assert_eq!(n, 32, "an update was lost");
}

#[tokio::test]
async fn it_answers_to_check_and_close() {
    let connections = load(&[("path", ":memory:")]).await.unwrap();
    let connection = connections.get::<connreg_backends::Sqlite>("db").unwrap();
    let client = connection.client().await.unwrap().share();
    connection.check().await.unwrap();
    connections.close().await;
    let error = client.query("SELECT 1", ()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
}
