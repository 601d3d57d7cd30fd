//! The failure matrix of `docs/reliability.md`: what is promised when things go wrong, on real servers and real faults.

mod dead_links;
mod distrust;
mod door;
mod links;
mod listeners;
mod load;
mod moved;
mod peers;
mod promptness;
mod servers;
mod subject;

use connreg_tests::suite;

suite! {
    Postgres:
        promptness::work_lost_with_postgres_is_told_at_once,
        promptness::a_slot_of_postgres_is_back_at_once,
        promptness::an_idle_postgres_is_closed_at_once,
        promptness::a_frozen_postgres_holds_up_nobody,
        distrust::a_postgres_that_is_not_trusted_is_left_alone,
        servers::postgres_is_killed_and_comes_back,
        listeners::a_silent_postgres_is_given_up_in_time;
    Postgres + Network:
        dead_links::a_dead_link_to_postgres_is_found_by_keepalive,
        moved::a_postgres_that_moves_is_found;
    Redis + Network:
        dead_links::a_dead_link_to_redis_is_found_by_keepalive,
        moved::a_redis_that_moves_is_found;
    Redis:
        promptness::work_lost_with_redis_is_told_at_once,
        promptness::a_slot_of_redis_is_back_at_once,
        promptness::an_idle_redis_is_closed_at_once,
        promptness::a_frozen_redis_holds_up_nobody,
        distrust::a_redis_that_is_not_trusted_is_left_alone,
        servers::redis_is_killed_and_comes_back,
        listeners::a_silent_redis_is_given_up_in_time;
    Postgres + Proxy:
        links::postgres_answers_survive_resets,
        links::postgres_answers_survive_slices,
        links::postgres_answers_survive_truncation,
        links::postgres_bears_latency,
        links::postgres_bears_a_narrow_link,
        links::postgres_gives_up_on_silence_in_time,
        links::postgres_comes_back_after_a_cut,
        peers::the_same_faults_for_peers;
    Redis + Proxy:
        links::redis_answers_survive_resets,
        links::redis_answers_survive_slices,
        links::redis_answers_survive_truncation,
        links::redis_bears_latency,
        links::redis_bears_a_narrow_link,
        links::redis_gives_up_on_silence_in_time,
        links::redis_comes_back_after_a_cut;
}
