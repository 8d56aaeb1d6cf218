// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/control/table.h"

#include <algorithm>
#include <array>

#include "gateway/base/text.h"

namespace gatehouse::control {

namespace {

using Kind = Column::Kind;

constexpr std::array kMappings{
    Column{"proto", "PROTO"},
    Column{"inside", "INSIDE"},
    Column{"outside", "OUTSIDE"},
    Column{"remote", "REMOTE"},
    Column{"origin", "ORIGIN"},
    Column{"sessions", "SESSIONS", Kind::number},
    Column{"age", "AGE", Kind::seconds},
    Column{"expires_in", "EXPIRES", Kind::seconds},
};

constexpr std::array kSessions{
    Column{"proto", "PROTO"},
    Column{"inside", "INSIDE"},
    Column{"outside", "OUTSIDE"},
    Column{"remote", "REMOTE"},
    Column{"state", "STATE"},
    Column{"expires_in", "EXPIRES", Kind::seconds},
    Column{"packets_out", "PKTS OUT", Kind::number},
    Column{"packets_in", "PKTS IN", Kind::number},
    Column{"bytes_out", "OUT", Kind::bytes},
    Column{"bytes_in", "IN", Kind::bytes},
};

constexpr std::array kForwards{
    Column{"id", "ID", Kind::number}, Column{"proto", "PROTO"},
    Column{"outside", "OUTSIDE"},     Column{"inside", "INSIDE"},
    Column{"remote", "REMOTE"},       Column{"origin", "ORIGIN"},
    Column{"owner", "OWNER"},         Column{"expires_in", "EXPIRES", Kind::seconds},
    Column{"enabled", "ON"},          Column{"description", "DESCRIPTION"},
};

constexpr std::array kPinholes{
    Column{"id", "ID", Kind::number},
    Column{"proto", "PROTO"},
    Column{"inside", "INSIDE"},
    Column{"port", "PORT"},
    Column{"mac", "MAC"},
    Column{"remote", "REMOTE"},
    Column{"origin", "ORIGIN"},
    Column{"owner", "OWNER"},
    Column{"expires_in", "EXPIRES", Kind::seconds},
    Column{"description", "DESCRIPTION"},
};

constexpr std::array kHosts{
    Column{"address", "ADDRESS"},
    Column{"mac", "MAC"},
    Column{"name", "NAME"},
    Column{"nat", "NAT"},
    Column{"mappings", "MAPPINGS", Kind::number},
    Column{"sessions", "SESSIONS", Kind::number},
};

constexpr std::array kLeases{
    Column{"address", "ADDRESS"},
    Column{"mac", "MAC"},
    Column{"name", "NAME"},
    Column{"state", "STATE"},
    Column{"expires_in", "EXPIRES", Kind::seconds},
};

constexpr std::array kCalls{
    Column{"call_id", "CALL"},  Column{"from", "FROM"},   Column{"to", "TO"},
    Column{"state", "STATE"},   Column{"host", "HOST"},   Column{"help", "HELP"},
    Column{"reason", "REASON"}, Column{"media", "MEDIA"},
};

constexpr std::array kMessages{
    Column{"age", "AGE", Kind::seconds}, Column{"proto", "PROTO"},   Column{"inside", "INSIDE"},
    Column{"direction", "WAY"},          Column{"remote", "REMOTE"}, Column{"what", "WHAT"},
    Column{"reason", "REASON"},
};

std::string two_digits(std::int64_t n) {
    return concat(n < 10 ? "0" : "", n);
}

std::string cell_text(const Column& column, const JsonValue& value) {
    if (value.kind == JsonValue::Kind::number) {
        if (column.kind == Kind::seconds) return short_duration(value.number);
        if (column.kind == Kind::bytes) return short_bytes(value.number);
    }
    return value.to_text();
}

// Characters, not bytes: what a terminal needs room for.
std::size_t width_of(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U;
    }));
}

}  // namespace

std::span<const Column> columns_of(std::string_view resource) {
    if (resource == "mappings") return kMappings;
    if (resource == "sessions") return kSessions;
    if (resource == "forwards") return kForwards;
    if (resource == "pinholes") return kPinholes;
    if (resource == "hosts") return kHosts;
    if (resource == "leases") return kLeases;
    if (resource == "calls") return kCalls;
    if (resource == "messages") return kMessages;
    return {};
}

std::string short_duration(std::int64_t seconds) {
    if (seconds < 60) return concat(seconds, 's');
    if (seconds < 3600) return concat(seconds / 60, 'm', two_digits(seconds % 60), 's');
    if (seconds < 86400) return concat(seconds / 3600, 'h', two_digits(seconds / 60 % 60), 'm');
    return concat(seconds / 86400, 'd', two_digits(seconds / 3600 % 24), 'h');
}

std::string short_bytes(std::int64_t bytes) {
    static constexpr std::string_view kUnits = "kMGTPE";
    if (bytes < 1000) return std::to_string(bytes);
    std::size_t unit = 0;
    while (bytes >= 1000000) {
        bytes /= 1000;
        ++unit;
    }
    if (bytes >= 10000) return concat(bytes / 1000, kUnits[unit]);
    return concat(bytes / 1000, '.', bytes / 100 % 10, kUnits[unit]);
}

std::string show_table(std::span<const Column> columns, const JsonValue& rows) {
    std::vector<std::vector<std::string>> lines(1);
    for (const Column& column : columns)
        lines[0].emplace_back(column.heading);
    for (const JsonValue& row : rows.items) {
        std::vector<std::string>& line = lines.emplace_back();
        for (const Column& column : columns)
            line.push_back(cell_text(column, row[column.field]));
    }
    std::vector<std::size_t> widths(columns.size());
    for (const auto& line : lines) {
        for (std::size_t i = 0; i < line.size(); ++i)
            widths[i] = std::max(widths[i], width_of(line[i]));
    }
    std::string out;
    for (const auto& line : lines) {
        for (std::size_t i = 0; i < line.size(); ++i) {
            const std::string gap(widths[i] - width_of(line[i]), ' ');
            const bool right = columns[i].kind != Kind::text;
            append(out, i == 0 ? "" : "  ", right ? gap : "", line[i], right ? "" : gap);
        }
        out.erase(out.find_last_not_of(' ') + 1);
        out += '\n';
    }
    return out;
}

}  // namespace gatehouse::control
