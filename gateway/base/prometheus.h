// SPDX-License-Identifier: GPL-2.0-or-later
//
// Writing metrics in the Prometheus text format 0.0.4: HELP and TYPE once for a family, then its
// samples. Names are the program's own and asserted; label values may hold any bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace gatehouse {

// What an HTTP answer says about this text.
inline constexpr std::string_view kPrometheusType = "text/plain; version=0.0.4; charset=utf-8";

enum class MetricKind : std::uint8_t { counter, gauge };

class PrometheusWriter {
  public:
    // Appends to out, which must outlive the writer.
    explicit PrometheusWriter(std::string& out) : out_(out) {}

    // Begins a family; every sample up to the next one belongs to it. A family is begun once.
    void family(std::string_view name, MetricKind kind, std::string_view help);
    // A value of 1234 with 3 decimals is 1.234; only values >= 0 may have any.
    void sample(std::int64_t value, int decimals = 0);
    void sample(std::string_view label, std::string_view label_value, std::int64_t value,
                int decimals = 0);

  private:
    void number(std::int64_t value, int decimals);

    std::string& out_;
    std::string name_;
};

// A name may be [a-zA-Z_:][a-zA-Z0-9_:]*, that of a label the same without colons.
constexpr bool is_metric_name(std::string_view name, bool colons = true) {
    for (std::size_t i = 0; i < name.size(); ++i) {
        const char c = name[i];
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        const bool digit = c >= '0' && c <= '9' && i > 0;
        if (!letter && !digit && !(colons && c == ':')) return false;
    }
    return !name.empty();
}

}  // namespace gatehouse
