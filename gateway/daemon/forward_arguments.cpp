// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/daemon/forward_arguments.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "gateway/base/json.h"
#include "gateway/base/text.h"
#include "gateway/config/values.h"

namespace gatehouse::daemon {

const char* const kForwardUsage =
    "Usage: gatehouse forward add --proto udp --outside 5060 --inside 192.168.1.20:5060\n"
    "                             [--remote ADDRESS] [--lifetime SECONDS] [--name NAME]\n"
    "       gatehouse forward del ID...\n"
    "\n"
    "  --proto     tcp, udp or both\n"
    "  --outside   a port, or a range like 8000-8010\n"
    "  --inside    the host, and its first port where that is another one\n"
    "  --remote    the only address that is let in\n"
    "  --lifetime  seconds, or a time like 30m, 12h, 7d; without it the forward stays until it is\n"
    "              deleted or the gateway starts again\n"
    "  --name      what it is for\n"
    "  --json      prints the whole rows; otherwise add prints the number of each forward\n"
    "  --socket    the control socket of the daemon\n";

namespace {

struct Option {
    std::string_view word;
    std::string_view field;
    bool needed;
    std::optional<std::string> value;
};

// The words that have not been read yet.
class Words {
  public:
    explicit Words(Arguments arguments) : arguments_(arguments) {}

    bool at_end() const { return at_ == arguments_.size(); }
    std::string_view next() { return arguments_[at_++]; }

  private:
    Arguments arguments_;
    std::size_t at_ = 0;
};

Failure<Error> not_understood(std::string_view word) {
    return fail(concat("forward: '", printable(word), "' is not understood; try --help"));
}

// What is no time is handed on, so that the daemon says what is wrong with it, as with all others.
void write_lifetime(JsonWriter& json, const std::string& text) {
    if (const auto duration = config::parse_duration(text)) {
        json.value(whole_seconds(*duration));
    } else {
        json.value(text);
    }
}

// The body of the request; an option that is missing is an error.
Result<std::string> write_body(std::span<const Option> options) {
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    for (const Option& option : options) {
        if (option.needed && !option.value) {
            return fail(concat("forward add: ", option.word, " is missing; try --help"));
        }
        if (!option.value) continue;
        json.key(option.field);
        if (option.field == "lifetime") {
            write_lifetime(json, *option.value);
        } else {
            json.value(*option.value);
        }
    }
    json.end_object();
    return out;
}

Result<ForwardCommand> parse_add(Words words, ForwardCommand out) {
    std::array options{
        Option{"--proto", "proto", true, {}},        Option{"--outside", "outside", true, {}},
        Option{"--inside", "inside", true, {}},      Option{"--remote", "remote", false, {}},
        Option{"--lifetime", "lifetime", false, {}}, Option{"--name", "name", false, {}},
    };
    std::optional<std::string> socket;
    while (!words.at_end()) {
        const std::string_view word = words.next();
        if (word == "--json") {
            out.json = true;
            continue;
        }
        auto* const option = std::find_if(options.begin(), options.end(),
                                          [word](const Option& o) { return o.word == word; });
        if (option == options.end() && word != "--socket") return not_understood(word);
        auto& value = word == "--socket" ? socket : option->value;
        if (words.at_end()) return fail(concat("forward add: ", word, " needs a value"));
        if (value) return fail(concat("forward add: ", word, " is twice"));
        value = std::string(words.next());
    }
    out.socket = socket.value_or(out.socket);
    auto body = write_body(options);
    if (!body) return body.failure();
    out.body = std::move(*body);
    return out;
}

Result<ForwardCommand> parse_del(Words words, ForwardCommand out) {
    while (!words.at_end()) {
        const std::string_view word = words.next();
        if (word == "--json") {
            out.json = true;
        } else if (word == "--socket") {
            if (words.at_end()) return fail("forward del: --socket needs a value");
            out.socket = std::string(words.next());
        } else if (parse_number<std::uint32_t>(word)) {
            out.ids.emplace_back(word);
        } else {
            return fail(
                concat("forward del: '", printable(word),
                       "' is not the number of a forward; 'gatehouse forwards' shows them"));
        }
    }
    if (out.ids.empty()) {
        return fail(
            "forward del: the number of a forward is missing; 'gatehouse forwards' shows "
            "them");
    }
    return out;
}

}  // namespace

Result<ForwardCommand> parse_forward_arguments(Arguments arguments) {
    ForwardCommand out;
    out.help = std::any_of(arguments.begin(), arguments.end(),
                           [](std::string_view word) { return word == "--help" || word == "-h"; });
    if (out.help) return out;
    if (arguments.empty()) return fail("forward: say 'add' or 'del'; try --help");
    const std::string_view word = arguments[0];
    const Words rest(arguments.subspan(1));
    if (word == "add") return parse_add(rest, std::move(out));
    if (word == "del") return parse_del(rest, std::move(out));
    return not_understood(word);
}

}  // namespace gatehouse::daemon
