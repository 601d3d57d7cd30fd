//! What is asked again, and when: values that are good for a time, over several loads.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::advance;

use super::{Found, SecretError, SecretProvider, SecretValue, Secrets, Use, Uses, changed};

const HOUR: Duration = Duration::from_hours(1);

/// Gives numbers, one after the other, each good for an hour.
#[derive(Default)]
struct Numbers {
    given: AtomicUsize,
    is_down: AtomicBool,
    changes: Mutex<Vec<String>>,
}

#[async_trait]
impl SecretProvider for Arc<Numbers> {
    async fn lookup(&self, _reference: &str) -> Result<SecretValue, SecretError> {
        if self.is_down.load(Ordering::SeqCst) {
            return Err(SecretError::new("it is down"));
        }
        let number = self.given.fetch_add(1, Ordering::SeqCst);
        Ok(SecretValue::new(number.to_string()).expires_in(HOUR))
    }

    async fn changed(&self, _secrets: &[super::KnownSecret]) -> Vec<String> {
        let changes = std::mem::take(&mut *self.changes.lock().unwrap());
        if changes.is_empty() {
            std::future::pending::<()>().await;
        }
        changes
    }
}

fn secrets(numbers: &Arc<Numbers>) -> Secrets {
    let mut secrets = Secrets::default();
    let provider = Arc::new(Arc::clone(numbers));
    secrets.providers.add("numbers".to_owned(), provider);
    secrets
}

fn wanted() -> Use {
    Use::Provided {
        provider: "numbers".into(),
        reference: "x".into(),
    }
}

/// What a new load gets, and the uses that it leaves.
async fn load(secrets: &Secrets) -> (Option<String>, Uses) {
    let secrets = Secrets {
        lookups: Arc::default(),
        ..secrets.clone()
    };
    assert!(matches!(secrets.lookups.get(&wanted()), Found::Wanted));
    assert!(secrets.lookups.is_wanting());
    secrets.look_up().await;
    assert!(!secrets.lookups.is_wanting());
    let given = match secrets.lookups.get(&wanted()) {
        Found::Given(secret) => Some(secret.expose().to_owned()),
        Found::Refused(refusal) => {
            assert!(refusal.message.contains("it is down"));
            None
        }
        Found::Missing(_) | Found::Wanted => panic!("it was looked up"),
    };
    let uses = Uses::new(&secrets, vec![("c".into(), vec![wanted()])]);
    (given, uses)
}

#[tokio::test(start_paused = true)]
async fn a_value_is_used_again_until_it_is_time_for_a_new_one() {
    let numbers = Arc::default();
    let secrets = secrets(&numbers);
    assert_eq!(load(&secrets).await.0.as_deref(), Some("0"));
    advance(HOUR * 69 / 100).await;
    assert_eq!(load(&secrets).await.0.as_deref(), Some("0"));
    advance(HOUR * 7 / 100).await;
    assert_eq!(load(&secrets).await.0.as_deref(), Some("1"));
    assert_eq!(load(&secrets).await.0.as_deref(), Some("1"));
}

#[tokio::test(start_paused = true)]
async fn what_can_not_be_renewed_is_used_until_it_ends() {
    let numbers: Arc<Numbers> = Arc::default();
    let secrets = secrets(&numbers);
    load(&secrets).await;
    numbers.is_down.store(true, Ordering::SeqCst);
    advance(HOUR * 99 / 100).await;
    assert_eq!(load(&secrets).await.0.as_deref(), Some("0"));
    advance(HOUR / 50).await;
    assert_eq!(load(&secrets).await.0, None);
    numbers.is_down.store(false, Ordering::SeqCst);
    assert_eq!(load(&secrets).await.0.as_deref(), Some("1"));
}

#[tokio::test(start_paused = true)]
async fn a_load_that_follows_a_change_gets_a_new_value() {
    let numbers: Arc<Numbers> = Arc::default();
    let secrets = secrets(&numbers);
    let (_, uses) = load(&secrets).await;
    // It is due.
    assert_eq!(changed(&uses).await, ["c".into()]);
    let (given, uses) = load(&secrets).await;
    assert_eq!(given.as_deref(), Some("1"));
    // The provider says so, long before.
    numbers.changes.lock().unwrap().push("x".to_owned());
    assert_eq!(changed(&uses).await, ["c".into()]);
    assert_eq!(load(&secrets).await.0.as_deref(), Some("2"));
    // What is known to be out of date is not used again.
    let (_, uses) = load(&secrets).await;
    numbers.changes.lock().unwrap().push("x".to_owned());
    changed(&uses).await;
    numbers.is_down.store(true, Ordering::SeqCst);
    assert_eq!(load(&secrets).await.0, None);
}
