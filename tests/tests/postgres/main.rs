//! The `postgres` back end on real servers.
#![allow(clippy::wildcard_imports, reason = "the suite's list names every test")]

mod connecting;
mod failover;
mod faults;
mod listening;
mod replicas;
mod rotation;
mod running;
mod sessions;
mod statements;
mod support;
mod transactions;

use connreg_tests::suite;

use connecting::*;
use failover::*;
use faults::*;
use listening::*;
use replicas::*;
use rotation::*;
use running::*;
use sessions::*;
use statements::*;
use transactions::*;

suite! {
    Postgres:
        // connecting
        settings_and_connection_strings_lead_to_the_same_server,
        a_socket_is_a_host,
        several_hosts_are_tried_in_turn,
        a_standby_can_be_ruled_out,
        a_password_can_come_from_a_password_file,
        mistakes_in_settings_are_found_when_loading,
        a_wrong_password_is_told_at_once,
        a_missing_database_is_a_mistake_in_the_configuration,
        nobody_listening_is_told_at_once,
        an_unknown_host_is_told,
        a_silent_server_is_given_up_in_time,
        another_protocol_is_told,
        too_many_connections_are_overload,
        tls_is_verified,
        tls_modes_differ_in_what_they_verify,
        a_client_certificate_logs_in,
        channel_binding_works,
        no_error_shows_the_password,
        // statements
        rows_come_back,
        errors_have_the_servers_words,
        a_changed_table_is_noticed,
        statements_are_prepared_once,
        the_statement_cache_is_bounded,
        rows_stream,
        a_stream_dropped_early_gives_its_slot_back,
        copying_in_and_out,
        a_failed_copy_keeps_nothing,
        a_slow_statement_is_given_up_and_cancelled,
        // transactions
        a_transaction_commits_and_rolls_back,
        a_dropped_transaction_is_rolled_back,
        a_failed_transaction_does_not_pass_for_committed,
        savepoints_nest,
        transactions_have_modes,
        a_write_that_the_user_forbade_is_no_sign_of_a_fail_over,
        // sessions
        a_lease_keeps_its_session,
        nothing_done_to_a_session_reaches_the_next,
        a_session_that_read_and_wrote_goes_back_as_it_is,
        single_statements_leave_nothing_behind,
        an_open_transaction_does_not_go_back,
        // listening
        notifications_arrive,
        listening_survives_a_lost_connection,
        listening_ends_with_the_connection,
        // running
        run_gives_what_the_query_gives,
        work_with_parameters_can_be_spawned,
        what_the_server_refuses_for_good_is_neither_repeated_nor_counted,
        a_conflict_is_repeated_where_the_work_may_be,
        a_deadline_cuts_work_off_and_leaves_nothing_behind,
        an_outage_opens_the_breaker_and_its_end_closes_it,
        idempotent_work_outlives_a_restart,
        // faults
        a_killed_server_fails_fast_and_comes_back,
        a_frozen_server_is_given_up_in_time,
        an_ended_session_is_replaced,
        dropped_futures_leak_no_slot_and_mix_no_answers,
        a_dropped_statement_is_cancelled,
        many_tasks_share_few_sessions_fairly,
        an_exhausted_pool_says_so,
        closing_ends_all_sessions,
        // rotation
        a_rotated_password_fails_no_operation,
        a_password_file_that_has_changed_is_read_at_once,
        a_secret_is_read_again_when_it_is_refused,
        // failover
        a_demoted_primary_is_left_for_the_new_one,
        a_primary_that_closes_to_writes_retires_its_sessions,
        writers_wait_for_a_promotion,
        writers_wait_no_longer_than_failover_timeout,
        idempotent_work_outlives_a_fail_over,
        a_server_known_to_be_no_primary_is_no_first_choice,
        // replicas
        reads_go_to_a_replica_and_writes_to_the_primary,
        a_replica_that_dies_is_read_around,
        a_replica_that_is_behind_is_read_around,
        a_session_reads_what_it_has_written,
        nothing_is_read_once_it_is_closed,
        one_server_has_no_more_sessions_than_before;
    Postgres + Proxy:
        a_flapping_server_is_left_once;
}
