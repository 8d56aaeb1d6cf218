// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/control/status.h"

#include <optional>

#include "gateway/base/json.h"

namespace gatehouse::control {

namespace {

std::optional<std::string> none_if_empty(const std::string& text) {
    return text.empty() ? std::nullopt : std::optional(text);
}

template <class Facts>
void write_facts(JsonWriter& json, const char* name, const Facts& facts) {
    json.key(name);
    json.begin_object();
    for (const auto& [key, value] : facts)
        json.field(key, value);
    json.end_object();
}

void write_side(JsonWriter& json, const StatusView::Side& side) {
    json.field("interface", side.interface);
    json.field("address", none_if_empty(side.address));
}

void write_upstream(JsonWriter& json, const StatusView::Upstream& upstream) {
    json.key("upstream");
    json.begin_object();
    json.field("state", upstream.state);
    json.field("language", none_if_empty(upstream.language));
    json.field("gateway", none_if_empty(upstream.gateway));
    json.field("address", none_if_empty(upstream.address));
    json.field("wanted", upstream.wanted);
    json.field("held", upstream.held);
    json.field("reason", none_if_empty(upstream.reason));
    json.end_object();
}

void write_tables(JsonWriter& json, const std::vector<StatusView::Table>& tables) {
    json.key("tables");
    json.begin_array();
    for (const StatusView::Table& table : tables) {
        json.begin_object();
        json.field("table", table.name);
        json.field("used", table.used);
        json.field("most", table.most);
        json.field("of_device", table.of_device);
        json.field("refused", table.refused);
        json.end_object();
    }
    json.end_array();
}

}  // namespace

std::string write_status_json(const StatusView& status) {
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    json.field("version", status.version);
    json.field("uptime", status.uptime);
    json.key("wan");
    json.begin_object();
    write_side(json, status.wan);
    json.field("reach", status.reach);
    write_upstream(json, status.upstream);
    json.end_object();
    json.key("lan");
    json.begin_array();
    for (const StatusView::Side& side : status.lan) {
        json.begin_object();
        write_side(json, side);
        json.end_object();
    }
    json.end_array();
    json.key("nat");
    json.begin_object();
    json.field("type", status.nat_type);
    json.field("mapping", status.mapping);
    json.field("filtering", status.filtering);
    json.end_object();
    write_facts(json, "counts", status.counts);
    write_tables(json, status.tables);
    write_facts(json, "kernel", status.kernel);
    write_facts(json, "safeguards", status.safeguards);
    json.end_object();
    return out;
}

}  // namespace gatehouse::control
