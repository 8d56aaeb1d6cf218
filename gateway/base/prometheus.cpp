// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/base/prometheus.h"

#include <cassert>

#include "gateway/base/text.h"

namespace gatehouse {

namespace {

// Backslash and line feed are escaped everywhere, quotes in label values only.
void append_escaped(std::string& out, std::string_view text, bool quoted) {
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        const char c = text[0];
        if (c == '\\' || (quoted && c == '"')) {
            append(out, '\\', c);
        } else if (c == '\n') {
            out += "\\n";
        } else {
            out += length > 0 ? text.substr(0, length) : kReplacement;
        }
        text.remove_prefix(length == 0 ? 1 : length);
    }
}

}  // namespace

void PrometheusWriter::family(std::string_view name, MetricKind kind, std::string_view help) {
    assert(is_metric_name(name) && name != name_);
    name_ = name;
    append(out_, "# HELP ", name, ' ');
    append_escaped(out_, help, false);
    append(out_, "\n# TYPE ", name, kind == MetricKind::counter ? " counter\n" : " gauge\n");
}

void PrometheusWriter::number(std::int64_t value, int decimals) {
    assert(decimals == 0 || value >= 0);
    std::string digits = std::to_string(value);
    if (decimals > 0) {
        const auto places = static_cast<std::size_t>(decimals);
        if (digits.size() <= places) digits.insert(0, places + 1 - digits.size(), '0');
        digits.insert(digits.size() - places, 1, '.');
    }
    append(out_, ' ', digits, '\n');
}

void PrometheusWriter::sample(std::int64_t value, int decimals) {
    assert(!name_.empty());
    out_ += name_;
    number(value, decimals);
}

void PrometheusWriter::sample(std::string_view label, std::string_view label_value,
                              std::int64_t value, int decimals) {
    assert(!name_.empty() && is_metric_name(label, false));
    append(out_, name_, '{', label, "=\"");
    append_escaped(out_, label_value, true);
    out_ += "\"}";
    number(value, decimals);
}

}  // namespace gatehouse
