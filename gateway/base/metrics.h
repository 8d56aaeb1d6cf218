// SPDX-License-Identifier: GPL-2.0-or-later
//
// The one table of what Gatehouse counts. A metric is added by a line in the enum and a row in the
// table; the compiler refuses a row that is missing, misplaced or misnamed, and everything that
// shows metrics reads the table. Counters only grow, gauges move.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/base/prometheus.h"

namespace gatehouse {

enum class Metric : std::uint8_t {
    build_info,
    uptime_seconds,
    heap_bytes,
    loop_longest_turn,
    loop_slow_turns,
    table_entries,
    table_limit,
    table_refusals,
    config_reloads,
    ruleset_applies,
    ruleset_repairs,
    netlink_overruns,
    link_changes,
    log_lines_suppressed,
    mappings,
    sessions,
    forwards,
    pinholes,
    resting_ports,
    first_packets,
    mappings_made,
    mappings_ended,
    mappings_revived,
    mappings_displaced,
    refused,
    packets_dropped,
    queue_overruns,
    leases,
    dhcp_addresses,
    dhcp_addresses_free,
    dhcp_received,
    dhcp_sent,
    dhcp_dropped,
    dhcp_lease_changes,
    dhcp_probes,
    dhcp_other_servers,
    sip_messages,
    sip_calls,
    sip_streams,
    sip_registrations,
    sip_connections,
    igd_calls,
    natpmp_requests,
    pcp_requests,
    upstream_ports,
    port_requests_denied,
    ssdp_searches,
    web_requests,
    event_streams,
    events_lost,
    count_,  // how many there are
};

inline constexpr std::size_t kMetricCount = static_cast<std::size_t>(Metric::count_);

struct MetricRow {
    Metric id;
    std::string_view name;
    MetricKind kind;
    std::string_view label;   // the name of its label, empty for none
    std::string_view values;  // label values that are shown before they happen, by blanks
    std::string_view help;    // a sentence
    int decimals = 0;         // a value of 1234 with 3 of them is shown as 1.234
};

inline constexpr std::array kMetrics{
    MetricRow{Metric::build_info, "gatehouse_build_info", MetricKind::gauge, "version", "",
              "The version that runs; the value is always 1."},
    MetricRow{Metric::uptime_seconds, "gatehouse_uptime_seconds", MetricKind::gauge, "", "",
              "Seconds since the daemon started."},
    MetricRow{Metric::heap_bytes, "gatehouse_heap_bytes", MetricKind::gauge, "", "",
              "Bytes of the heap that are in use; 0 where the C library does not tell."},
    MetricRow{
        Metric::loop_longest_turn, "gatehouse_loop_longest_turn_seconds", MetricKind::gauge,
        "clock", "passed computed blocked",
        "The longest turn of the event loop: the time that passed, that was computed, and that "
        "passed in one that slept.",
        6},
    MetricRow{Metric::loop_slow_turns, "gatehouse_loop_slow_turns_total", MetricKind::counter,
              "clock", "passed computed blocked",
              "Turns of the event loop in which more than 20 ms passed, were computed, and passed "
              "with sleep among them."},
    MetricRow{Metric::table_entries, "gatehouse_table_entries", MetricKind::gauge, "table", "",
              "What there is of all that is bounded."},
    MetricRow{Metric::table_limit, "gatehouse_table_limit", MetricKind::gauge, "table", "",
              "How much of it there may be."},
    MetricRow{Metric::table_refusals, "gatehouse_table_refusals_total", MetricKind::counter,
              "table", "", "Times there was no room for one more, of all or of one device."},
    MetricRow{Metric::config_reloads, "gatehouse_config_reloads_total", MetricKind::counter,
              "result", "ok failed",
              "Times the configuration was read again, by result; a failed one changes nothing."},
    MetricRow{Metric::ruleset_applies, "gatehouse_ruleset_applies_total", MetricKind::counter,
              "result", "ok failed", "Rulesets handed to the kernel, by result."},
    MetricRow{Metric::ruleset_repairs, "gatehouse_ruleset_repairs_total", MetricKind::counter, "",
              "", "Times the table was put back after another program had changed or removed it."},
    MetricRow{Metric::netlink_overruns, "gatehouse_netlink_overruns_total", MetricKind::counter, "",
              "", "Times kernel events were lost and the state was read again as a whole."},
    MetricRow{Metric::link_changes, "gatehouse_link_changes_total", MetricKind::counter, "", "",
              "Changes of a link or an address of the gateway's interfaces."},
    MetricRow{Metric::log_lines_suppressed, "gatehouse_log_lines_suppressed_total",
              MetricKind::counter, "", "", "Log lines left out by the limit for their reason."},
    MetricRow{Metric::mappings, "gatehouse_mappings", MetricKind::gauge, "", "",
              "Mappings that are in use."},
    MetricRow{Metric::sessions, "gatehouse_sessions", MetricKind::gauge, "", "",
              "Sessions of all mappings and forwards, as last seen in the kernel."},
    MetricRow{Metric::forwards, "gatehouse_forwards", MetricKind::gauge, "", "",
              "Forwards that users and clients have asked for."},
    MetricRow{Metric::pinholes, "gatehouse_pinholes", MetricKind::gauge, "", "",
              "Open pinholes of the IPv6 filter."},
    MetricRow{Metric::resting_ports, "gatehouse_resting_ports", MetricKind::gauge, "", "",
              "Outside ports that nobody else gets yet, because their mapping ended lately."},
    MetricRow{Metric::first_packets, "gatehouse_first_packets_total", MetricKind::counter, "", "",
              "Packets of unknown inside endpoints that the daemon was asked about."},
    MetricRow{Metric::mappings_made, "gatehouse_mappings_made_total", MetricKind::counter, "", "",
              "Mappings made by traffic."},
    MetricRow{Metric::mappings_ended, "gatehouse_mappings_ended_total", MetricKind::counter, "", "",
              "Mappings that ended with their last session."},
    MetricRow{Metric::mappings_revived, "gatehouse_mappings_revived_total", MetricKind::counter, "",
              "", "Mappings that got their resting outside port back."},
    MetricRow{Metric::mappings_displaced, "gatehouse_mappings_displaced_total", MetricKind::counter,
              "", "", "Mappings that gave way to a forward which the user configured."},
    MetricRow{Metric::refused, "gatehouse_refused_total", MetricKind::counter, "reason",
              "no_outside_address protocol host_quota pool_empty table_full commit_failed "
              "port_taken port_reserved bad_request too_many_ports owner_quota not_owner not_found",
              "Mappings, forwards and pinholes that were refused, by reason."},
    MetricRow{Metric::packets_dropped, "gatehouse_packets_dropped_total", MetricKind::counter,
              "reason",
              "invalid spoofed untranslated inside_address host_sessions host_mappings refused "
              "to_router",
              "Packets that the rules dropped, by reason."},
    MetricRow{Metric::queue_overruns, "gatehouse_queue_overruns_total", MetricKind::counter, "", "",
              "Times the kernel had more first packets than the daemon could take."},
    MetricRow{Metric::leases, "gatehouse_leases", MetricKind::gauge, "state",
              "offered bound released expired conflict", "Address leases, by state."},
    MetricRow{Metric::dhcp_addresses, "gatehouse_dhcp_addresses", MetricKind::gauge, "interface",
              "", "Addresses that may be given to any device, by interface."},
    MetricRow{Metric::dhcp_addresses_free, "gatehouse_dhcp_addresses_free", MetricKind::gauge,
              "interface", "", "Those of them that nobody has or had lately, by interface."},
    MetricRow{Metric::dhcp_received, "gatehouse_dhcp_received_total", MetricKind::counter, "type",
              "discover request decline release inform", "DHCP messages of devices, by type."},
    MetricRow{Metric::dhcp_sent, "gatehouse_dhcp_sent_total", MetricKind::counter, "type",
              "offer ack nak", "DHCP messages to devices, by type."},
    MetricRow{Metric::dhcp_dropped, "gatehouse_dhcp_dropped_total", MetricKind::counter, "reason",
              "malformed not_for_servers no_network no_identity other_server spoofed "
              "unknown_client not_owner pool_empty table_full declined_share overload",
              "DHCP messages that got no answer, by reason."},
    MetricRow{Metric::dhcp_lease_changes, "gatehouse_dhcp_lease_changes_total", MetricKind::counter,
              "change", "bound renewed released expired conflict forgotten",
              "What happened to leases."},
    MetricRow{Metric::dhcp_probes, "gatehouse_dhcp_probes_total", MetricKind::counter, "", "",
              "Times it was asked whether somebody uses an address."},
    MetricRow{Metric::dhcp_other_servers, "gatehouse_dhcp_other_servers_total", MetricKind::counter,
              "", "", "Times a device chose another DHCP server on the same link."},
    MetricRow{Metric::sip_messages, "gatehouse_sip_messages_total", MetricKind::counter, "result",
              "edited no_help observed keep_alive stun http encrypted not_sip malformed_start "
              "malformed_header too_many_headers content_length malformed_address malformed_body "
              "self_traversed ice signed_body forwarded foreign_address no_mapping inner_nat "
              "no_call refused_port limit too_long unfinished",
              "Messages on SIP ports: edited, or why they passed as they came."},
    MetricRow{Metric::sip_calls, "gatehouse_sip_calls", MetricKind::gauge, "", "",
              "Calls of the house, those included that ended within half a minute."},
    MetricRow{Metric::sip_streams, "gatehouse_sip_streams", MetricKind::gauge, "", "",
              "Media streams of calls that have outside ports."},
    MetricRow{Metric::sip_registrations, "gatehouse_sip_registrations", MetricKind::gauge, "", "",
              "Flows of the house that a registrar has granted a registration."},
    MetricRow{Metric::sip_connections, "gatehouse_sip_connections", MetricKind::gauge, "", "",
              "Connections of the house over which SIP over TCP may travel."},
    MetricRow{Metric::igd_calls, "gatehouse_igd_calls_total", MetricKind::counter, "result",
              "ok failed malformed", "Actions that devices asked the UPnP gateway for, by result."},
    MetricRow{Metric::natpmp_requests, "gatehouse_natpmp_requests_total", MetricKind::counter,
              "result", "ok version refused no_address no_room opcode",
              "Requests by NAT-PMP, by result."},
    MetricRow{Metric::pcp_requests, "gatehouse_pcp_requests_total", MetricKind::counter, "result",
              "ok version refused malformed opcode option malformed_option no_address no_room "
              "protocol quota port_taken address_mismatch remote_peers",
              "Requests by PCP, by result."},
    MetricRow{Metric::upstream_ports, "gatehouse_upstream_ports", MetricKind::gauge, "state",
              "wanted held", "Ports that a router beyond shall open, and those that it has."},
    MetricRow{Metric::port_requests_denied, "gatehouse_port_requests_denied_total",
              MetricKind::counter, "reason",
              "off_link other_host no_host inside_port outside_port nonce third_party browser "
              "callback",
              "Requests of devices that the authoriser refused, by reason."},
    MetricRow{Metric::ssdp_searches, "gatehouse_ssdp_searches_total", MetricKind::counter, "result",
              "answered unknown malformed budget", "Searches by SSDP, by result."},
    MetricRow{Metric::web_requests, "gatehouse_web_requests_total", MetricKind::counter, "result",
              "answered refused", "Requests on the web listener, by result."},
    MetricRow{Metric::event_streams, "gatehouse_event_streams", MetricKind::gauge, "", "",
              "Clients that are listening to events."},
    MetricRow{Metric::events_lost, "gatehouse_events_lost_total", MetricKind::counter, "", "",
              "Events that clients were too slow to read, and were told so."},
};

// The row of every enumerator stands at its place, with a name that follows the rules.
constexpr bool metrics_are_complete() {
    if (kMetrics.size() != kMetricCount) return false;
    for (std::size_t i = 0; i < kMetrics.size(); ++i) {
        const MetricRow& row = kMetrics[i];
        const bool counter = row.kind == MetricKind::counter;
        if (static_cast<std::size_t>(row.id) != i) return false;
        if (!is_metric_name(row.name, false) || !row.name.starts_with("gatehouse_")) return false;
        if (row.name.ends_with("_total") != counter) return false;
        if (!row.label.empty() && !is_metric_name(row.label, false)) return false;
        if (row.label.empty() && !row.values.empty()) return false;
        if (!row.help.ends_with('.')) return false;
        for (std::size_t other = 0; other < i; ++other) {
            if (kMetrics[other].name == row.name) return false;
        }
    }
    return true;
}
static_assert(metrics_are_complete());

constexpr const MetricRow& row_of(Metric metric) {
    return kMetrics[static_cast<std::size_t>(metric)];
}

class Metrics {
  public:
    // Label values of one metric; what comes after them is counted together as "other".
    static constexpr std::size_t kMostLabelValues = 64;

    Metrics();

    // With a label value exactly where the row has a label; asserted, like n >= 0 for counters.
    void add(Metric metric, std::int64_t n = 1);
    void add(Metric metric, std::string_view label_value, std::int64_t n = 1);
    // Gauges only.
    void set(Metric metric, std::int64_t value);
    void set(Metric metric, std::string_view label_value, std::int64_t value);

    // 0 for a label value that was never seen.
    std::int64_t value(Metric metric, std::string_view label_value = {}) const;
    // Appends every metric in the order of the table; label values in the order of their arrival.
    void write_prometheus(std::string& out) const;

  private:
    using Cells = std::vector<std::pair<std::string, std::int64_t>>;

    std::int64_t& cell(Metric metric, std::string_view label_value);

    std::array<Cells, kMetricCount> cells_;
};

}  // namespace gatehouse
