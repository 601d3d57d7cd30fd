//! The redis back end on real servers: what it is used for, what goes wrong, where it connects to.

// The list below names each test.
#![allow(clippy::wildcard_imports)]

mod access;
mod addresses;
mod capability;
mod commands;
mod failover;
mod faults;
mod groups;
mod leases;
mod messages;
mod replicas;

use std::ops::Deref;
use std::sync::Arc;
use std::time::{Duration, Instant};

use connreg::{Connection, Connections, Error};
use connreg_backends::redis::Client;
use connreg_tests::{Redis, suite};

use access::*;
use addresses::*;
use capability::*;
use commands::*;
use failover::*;
use faults::*;
use groups::*;
use leases::*;
use messages::*;
use replicas::*;

suite! {
    Redis:
        every_way_to_write_the_address_works,
        ordinary_commands_work,
        what_cannot_share_a_connection_is_refused,
        a_late_answer_is_waited_for,
        a_password_that_has_become_wrong_is_not_tried_again_and_again,
        a_wrong_password_is_told_at_once,
        a_user_may_only_what_is_granted,
        a_database_that_is_not_there_is_told,
        tls_is_verified,
        tls_takes_client_certificates,
        a_lease_blocks_for_itself_alone,
        a_transaction_sees_changes_by_others,
        a_lease_left_in_another_state_is_closed,
        dropped_requests_never_mix_answers,
        a_full_server_is_overloaded,
        redis_conforms,
        messages_arrive_in_order,
        a_subscription_outlives_its_connection,
        a_killed_server_fails_fast_and_comes_back,
        a_frozen_server_keeps_the_deadline,
        a_replica_refuses_writes_by_role,
        an_idle_connection_that_ended_is_replaced_unseen,
        a_cluster_conforms,
        a_cluster_takes_commands_and_leases,
        a_cluster_node_that_dies_is_told_and_comes_back,
        sentinels_lead_to_the_new_master,
        a_demoted_master_behind_one_address_is_left_within_a_second,
        a_sentinels_switch_brings_writers_back_within_a_second,
        reads_go_to_replicas_and_elsewhere_when_one_dies,
        a_replica_that_lags_is_not_read_from,
        a_cluster_is_read_from_its_replicas,
        sentinels_and_their_servers_speak_tls,
        a_cluster_speaks_tls;
}

/// A connection named `cache` with `settings`, `key=value` each.
pub(crate) async fn load(settings: &[(&str, &str)]) -> Result<Connections, Error> {
    let none: [(&str, &str); 0] = [];
    let builder = Connections::builder()
        .environment(none)
        .set("cache.type", "redis");
    let set = |builder: connreg::Builder, (key, value): &(&str, &str)| {
        builder.set(format!("cache.{key}"), *value)
    };
    settings.iter().fold(builder, set).load().await
}

pub(crate) async fn open(settings: &[(&str, &str)]) -> Connection<connreg_backends::Redis> {
    load(settings).await.unwrap().get("cache").unwrap()
}

/// An open client and what keeps it open.
#[derive(Clone)]
pub(crate) struct Held {
    client: Arc<Client>,
    _connection: Connection<connreg_backends::Redis>,
}

impl Deref for Held {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

pub(crate) async fn client(settings: &[(&str, &str)]) -> Held {
    let connection = open(settings).await;
    let client = connection.client().await.unwrap().share();
    Held {
        client,
        _connection: connection,
    }
}

/// The servers' addresses, as `nodes` has them.
pub(crate) fn places<'a>(servers: impl IntoIterator<Item = &'a Redis>) -> String {
    let place = |server: &Redis| format!("{}:{}", server.host(), server.port());
    let places: Vec<_> = servers.into_iter().map(place).collect();
    places.join(", ")
}

/// How long something took.
pub(crate) async fn timed<T>(work: impl Future<Output = T>) -> (T, Duration) {
    let started = Instant::now();
    let outcome = work.await;
    (outcome, started.elapsed())
}
