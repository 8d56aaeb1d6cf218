// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/natlab/table.h"

#include <algorithm>

#include "gateway/base/json.h"
#include "gateway/base/text.h"

namespace gatehouse::natlab {
namespace {

using Cells = std::vector<std::string>;

std::string yes_or_no(const std::optional<bool>& value) {
    return !value ? "-" : *value ? "yes" : "no";
}

Cells cells_of(const Row& row) {
    Cells out = {row.scene.name, short_form(row.scene.expected)};
    for (const Judge judge : kJudges)
        out.push_back(short_form(row.judgements.at(judge).found));
    out.emplace_back(short_name(row.judgements.at(Judge::probe).found.tcp_mapping));
    out.push_back(yes_or_no(row.overloads));
    out.push_back(row.right() ? "OK" : "WRONG");
    return out;
}

std::string aligned(const std::vector<Cells>& lines) {
    std::vector<std::size_t> widths(lines.front().size(), 0);
    for (const Cells& line : lines) {
        for (std::size_t i = 0; i < line.size(); ++i)
            widths[i] = std::max(widths[i], line[i].size());
    }
    std::string out;
    for (const Cells& line : lines) {
        for (std::size_t i = 0; i < line.size(); ++i) {
            const bool last = i + 1 == line.size();
            append(out, line[i], std::string(last ? 0 : widths[i] - line[i].size() + 2, ' '));
        }
        out += '\n';
    }
    return out;
}

std::string_view key_of(Judge judge) {
    switch (judge) {
        case Judge::probe: return "probe";
        case Judge::stun: return "stun";
        case Judge::natdiscovery: return "natdiscovery";
    }
    return "";
}

void write_finding(JsonWriter& json, std::string_view prefix, const Finding& finding) {
    json.field(concat(prefix, "_mapping"), in_config(finding.mapping));
    json.field(concat(prefix, "_filtering"), in_config(finding.filtering));
    json.field(concat(prefix, "_hairpin"), finding.hairpin);
    json.field(concat(prefix, "_translated"), finding.translated);
    json.field(concat(prefix, "_tcp_mapping"), in_config(finding.tcp_mapping));
}

constexpr std::string_view kLegend =
    "\n"
    "Each cell: mapping / filtering / hairpin. EI endpoint-independent, AD address-dependent, APD\n"
    "address-and-port-dependent; stun tells only whether a mapping depends on anything (dep).\n"
    "They are of UDP; TCP mapping is what gatehouse probe finds for TCP, as the only judge.\n"
    "Shared port: two hosts of the house that use one source port towards two servers leave as "
    "one\n"
    "outside endpoint, so neither can be reached by others there.\n";

}  // namespace

std::string to_table(const std::vector<Row>& rows) {
    Cells head = {"NAT type", "expected"};
    for (const Judge judge : kJudges)
        head.emplace_back(to_string(judge));
    head.insert(head.end(), {"TCP mapping", "shared port", "verdict"});
    std::vector<Cells> lines = {head};
    for (const Row& row : rows)
        lines.push_back(cells_of(row));
    std::string out = aligned(lines);
    out += kLegend;
    for (const Row& row : rows) {
        for (const auto& [judge, judgement] : row.judgements) {
            if (judgement.right) continue;
            append(out, "\n", row.scene.name, ": what ", to_string(judge), " said\n",
                   judgement.printed);
        }
    }
    return out;
}

std::string to_json(const std::vector<Row>& rows) {
    std::string out;
    JsonWriter json(out);
    json.begin_array();
    for (const Row& row : rows) {
        json.begin_object();
        json.field("type", row.scene.name);
        json.field("router", to_string(row.scene.by));
        write_finding(json, "expected", row.scene.expected);
        json.field("expected_overloads", row.scene.overloads);
        for (const Judge judge : kJudges) {
            write_finding(json, key_of(judge), row.judgements.at(judge).found);
            json.field(concat(key_of(judge), "_right"), row.judgements.at(judge).right);
        }
        json.field("overloads", row.overloads);
        json.field("right", row.right());
        json.end_object();
    }
    json.end_array();
    return out + "\n";
}

bool gatehouse_is_right(const std::vector<Row>& rows) {
    return std::all_of(rows.begin(), rows.end(),
                       [](const Row& row) { return row.scene.by != By::gatehouse || row.right(); });
}

}  // namespace gatehouse::natlab
