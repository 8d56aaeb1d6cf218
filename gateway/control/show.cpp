// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/control/show.h"

#include <algorithm>
#include <array>
#include <ctime>

#include "gateway/base/text.h"

namespace gatehouse::control {

namespace {

// "1d 02:03:04"
std::string duration_text(std::int64_t seconds) {
    const auto two = [](std::int64_t n) { return concat(n < 10 ? "0" : "", n); };
    std::string out;
    if (seconds >= 86400) append(out, seconds / 86400, "d ");
    append(out, two(seconds / 3600 % 24), ":", two(seconds / 60 % 60), ":", two(seconds % 60));
    return out;
}

// The texts of these members, two blanks between them.
std::string all_of(const JsonValue& object, std::string_view names, bool known = false) {
    std::string out;
    for (const std::string_view name : split(names, ' ')) {
        const std::string text = object[name].to_text();
        if (known && text == "-") continue;
        append(out, out.empty() ? "" : "  ", text);
    }
    return out;
}

// Without those that are null.
std::string known_of(const JsonValue& object, std::string_view names) {
    return all_of(object, names, true);
}

class Lines {
  public:
    void add(std::string_view name, std::string_view value) {
        append(out_, name);
        out_.append(name.size() < 12 ? 12 - name.size() : 1, ' ');
        append(out_, value, "\n");
    }
    void add_facts(std::string_view name, const JsonValue& facts) {
        std::size_t width = 0;
        for (const auto& [key, value] : facts.members)
            width = std::max(width, key.size());
        bool first = true;
        for (const auto& [key, value] : facts.members) {
            std::string text = printable(key);
            text.append(width + 2 - std::min(width, key.size()), ' ');
            add(first ? name : "", text + value.to_text());
            first = false;
        }
    }
    void add_tables(const JsonValue& tables) {
        bool first = true;
        for (const JsonValue& table : tables.items) {
            std::string text = printable(table["table"].to_text());
            text.resize(std::max<std::size_t>(text.size(), 15), ' ');
            append(text, table["used"].to_text(), " of ", table["most"].to_text());
            const std::string of_device = table["of_device"].to_text();
            if (of_device != "-") append(text, ", ", of_device, " of a device");
            if (table["refused"].number > 0) {
                append(text, "; ", table["refused"].to_text(), " refused");
            }
            add(first ? "limits" : "", text);
            first = false;
        }
    }
    std::string take() { return std::move(out_); }

  private:
    std::string out_;
};

}  // namespace

std::string show_status(const JsonValue& status) {
    Lines lines;
    lines.add("gatehouse", status["version"].to_text());
    lines.add("uptime", duration_text(status["uptime"].number));
    const JsonValue& wan = status["wan"];
    lines.add("outside", all_of(wan, "interface address reach"));
    const JsonValue& upstream = wan["upstream"];
    if (upstream["state"].to_text() != "unneeded") {
        std::string text = known_of(upstream, "state language gateway address");
        append(text, "  ", upstream["held"].to_text(), " of ", upstream["wanted"].to_text(),
               " ports");
        const std::string reason = upstream["reason"].to_text();
        if (reason != "-") append(text, "  (", reason, ')');
        lines.add("upstream", text);
    }
    for (const JsonValue& lan : status["lan"].items)
        lines.add("inside", all_of(lan, "interface address"));
    const JsonValue& nat = status["nat"];
    lines.add("nat", concat(nat["type"].to_text(), " (mapping ", nat["mapping"].to_text(),
                            ", filtering ", nat["filtering"].to_text(), ")"));
    lines.add_tables(status["tables"]);
    for (const char* name : {"counts", "kernel", "safeguards"})
        lines.add_facts(name, status[name]);
    return lines.take();
}

std::string show_why(const JsonValue& flow) {
    Lines lines;
    for (const auto& [name, value] : flow.members) {
        if (value.kind != JsonValue::Kind::object) {
            const std::string text = value.to_text();
            if (!text.empty() && text != "-") lines.add(printable(name), text);
            continue;
        }
        const std::string at = value["endpoint"].to_text();
        lines.add(printable(name),
                  concat(value["passes"].boolean ? "passes" : "is dropped", at == "-" ? "" : " at ",
                         at == "-" ? "" : at, ": ", value["why"].to_text(), " (",
                         value["rule"].to_text(), ')'));
    }
    return lines.take();
}

std::string show_event(const JsonValue& event) {
    const auto seconds = static_cast<std::time_t>(event["time"].number);
    std::tm when{};
    std::array<char, 16> clock{};
    if (event["time"].kind == JsonValue::Kind::number &&
        ::localtime_r(&seconds, &when) != nullptr) {
        (void)std::strftime(clock.data(), clock.size(), "%H:%M:%S", &when);
    }
    std::string out = concat(clock[0] == 0 ? "--:--:--" : clock.data(), "  ");
    std::string name = event["event"].to_text();
    name.resize(std::max<std::size_t>(name.size(), 16), ' ');
    out += name;
    for (const auto& [field, value] : event.members) {
        if (field == "id" || field == "time" || field == "event") continue;
        append(out, " ", printable(field), "=", value.to_text());
    }
    return out + "\n";
}

}  // namespace gatehouse::control
