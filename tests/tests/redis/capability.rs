//! Redis as a key-value store.

use connreg::capability::KeyValue;
use connreg::testing::key_value::conformance;
use connreg_tests::Redis;

use super::load;

pub(crate) async fn redis_conforms() {
    let server = Redis::start();
    let connections = load(&[("url", &server.url())]).await.unwrap();
    let store = connections.get_as::<dyn KeyValue>("cache").unwrap();
    conformance(store.client().await.unwrap().share()).await;
}
