// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/base/metrics.h"

#include <algorithm>
#include <cassert>

#include "gateway/base/text.h"

namespace gatehouse {

namespace {

constexpr std::string_view kOther = "other";

[[maybe_unused]] bool is_counter(Metric metric) {
    return row_of(metric).kind == MetricKind::counter;
}

[[maybe_unused]] bool is_labelled(Metric metric) {
    return !row_of(metric).label.empty();
}

template <class Cells>
auto find_cell(Cells& cells, std::string_view label_value) {
    return std::find_if(cells.begin(), cells.end(),
                        [label_value](const auto& cell) { return cell.first == label_value; });
}

}  // namespace

Metrics::Metrics() {
    for (const MetricRow& row : kMetrics) {
        if (row.label.empty()) {
            cell(row.id, {}) = 0;
        } else if (!row.values.empty()) {
            for (const std::string_view known : split(row.values, ' '))
                cell(row.id, known) = 0;
        }
    }
}

std::int64_t& Metrics::cell(Metric metric, std::string_view label_value) {
    Cells& cells = cells_[static_cast<std::size_t>(metric)];
    auto found = find_cell(cells, label_value);
    if (found == cells.end() && cells.size() + 1 >= kMostLabelValues) {
        label_value = kOther;
        found = find_cell(cells, label_value);
    }
    if (found != cells.end()) return found->second;
    return cells.emplace_back(std::string(label_value), 0).second;
}

void Metrics::add(Metric metric, std::int64_t n) {
    assert(!is_labelled(metric) && (n >= 0 || !is_counter(metric)));
    cell(metric, {}) += n;
}

void Metrics::add(Metric metric, std::string_view label_value, std::int64_t n) {
    assert(is_labelled(metric) && (n >= 0 || !is_counter(metric)));
    cell(metric, label_value) += n;
}

void Metrics::set(Metric metric, std::int64_t value) {
    assert(!is_labelled(metric) && !is_counter(metric));
    cell(metric, {}) = value;
}

void Metrics::set(Metric metric, std::string_view label_value, std::int64_t value) {
    assert(is_labelled(metric) && !is_counter(metric));
    cell(metric, label_value) = value;
}

std::int64_t Metrics::value(Metric metric, std::string_view label_value) const {
    const Cells& cells = cells_[static_cast<std::size_t>(metric)];
    const auto found = find_cell(cells, label_value);
    return found == cells.end() ? 0 : found->second;
}

void Metrics::write_prometheus(std::string& out) const {
    PrometheusWriter writer(out);
    for (const MetricRow& row : kMetrics) {
        writer.family(row.name, row.kind, row.help);
        for (const auto& [label_value, value] : cells_[static_cast<std::size_t>(row.id)]) {
            if (row.label.empty()) {
                writer.sample(value, row.decimals);
            } else {
                writer.sample(row.label, label_value, value, row.decimals);
            }
        }
    }
}

}  // namespace gatehouse
