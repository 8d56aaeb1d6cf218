// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/daemon/forward_body.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>

#include "gateway/base/text.h"
#include "gateway/config/values.h"
#include "gateway/control/json_value.h"

namespace gatehouse::daemon {

namespace {

using control::JsonValue;

constexpr std::array<std::string_view, 6> kFields{"proto",  "outside",  "inside",
                                                  "remote", "lifetime", "name"};
constexpr std::int64_t kLongestLifetime = std::int64_t{365} * 24 * 3600;  // seconds

// Reads one field after the other; the first thing that is wrong stays.
class Reader {
  public:
    explicit Reader(const JsonValue& object) : object_(object) {
        for (std::size_t i = 0; i < object.members.size(); ++i) {
            const std::string& name = object.members[i].name;
            if (std::find(kFields.begin(), kFields.end(), name) == kFields.end()) {
                wrong(printable(name), concat("there is no field '", printable(name),
                                              "'; there are proto, outside, inside, remote, "
                                              "lifetime and name"));
            }
            for (std::size_t j = 0; j < i; ++j) {
                if (object.members[j].name == name) wrong(name, concat('\'', name, "' is twice"));
            }
        }
    }

    std::vector<Proto> protos() {
        const std::string text = required("proto");
        if (text == "both") return {Proto::tcp, Proto::udp};
        if (text == "tcp") return {Proto::tcp};
        if (text == "udp") return {Proto::udp};
        refuse("proto", text, "tcp, udp or both is meant");
        return {};
    }

    PortRange outside() {
        const JsonValue& value = object_["outside"];
        const std::string text = value.kind == JsonValue::Kind::number
                                     ? std::to_string(value.number)
                                     : required("outside");
        const auto ports = parse_port_range(text);
        if (!ports) {
            refuse("outside", text, "a port from 1 to 65535 or a range like 8000-8010 is meant");
            return {Port{1}, Port{1}};
        }
        if (ports->size() > nat::kMostForwardPorts) {
            refuse("outside", text, concat("at most ", nat::kMostForwardPorts, " ports are meant"));
        }
        return *ports;
    }

    // The first inside endpoint.
    Endpoint4 inside(const PortRange& outside) {
        const std::string text = required("inside");
        const auto target = config::parse_target(text);
        if (!target || !config::is_host_address(target->address)) {
            refuse("inside", text,
                   "the address of a host is meant, with or without ports, like 192.168.1.20:80");
            return {};
        }
        const PortRange ports = target->ports.value_or(outside);
        if (ports.size() != outside.size()) {
            refuse("inside", text,
                   concat("as many ports as outside are meant, which is ", outside.size(),
                          ", or none for the same numbers"));
        }
        return {target->address, ports.first};
    }

    std::optional<Ip4> remote() {
        const auto text = optional_text("remote");
        if (!text) return std::nullopt;
        const auto address = parse_ip4(*text);
        if (address && config::is_host_address(*address)) return address;
        refuse("remote", *text, "one address outside is meant, like 198.51.100.7");
        return std::nullopt;
    }

    std::optional<Duration> lifetime() {
        const JsonValue& value = object_["lifetime"];
        if (value.kind == JsonValue::Kind::null) return std::nullopt;
        const bool good = value.kind == JsonValue::Kind::number && value.number > 0 &&
                          value.number <= kLongestLifetime;
        if (good) return std::chrono::seconds(value.number);
        refuse("lifetime", value.to_text(),
               concat("whole seconds from 1 to ", kLongestLifetime, " are meant"));
        return std::nullopt;
    }

    std::string name() {
        std::string text = optional_text("name").value_or("");
        if (text.size() > nat::kMostDescription) {
            wrong("name", concat("'name' has ", text.size(), " bytes; at most ",
                                 nat::kMostDescription, " are meant"));
        }
        return text;
    }

    const std::optional<FieldError>& error() const { return error_; }

  private:
    void wrong(std::string field, std::string text) {
        if (!error_) error_ = FieldError{std::move(field), std::move(text)};
    }
    void refuse(std::string_view field, std::string_view value, std::string_view meant) {
        static constexpr std::size_t kShown = 64;
        wrong(std::string(field),
              concat('\'', field, "' is '", printable(value.substr(0, kShown)), "': ", meant));
    }

    std::optional<std::string> optional_text(std::string_view field) {
        const JsonValue& value = object_[field];
        if (value.kind == JsonValue::Kind::string) return value.string;
        if (value.kind != JsonValue::Kind::null) refuse(field, value.to_text(), "text is meant");
        return std::nullopt;
    }
    std::string required(std::string_view field) {
        if (object_[field].kind == JsonValue::Kind::null) {
            wrong(std::string(field), concat('\'', field, "' is missing"));
        }
        return optional_text(field).value_or("");
    }

    const JsonValue& object_;
    std::optional<FieldError> error_;
};

}  // namespace

Result<std::vector<nat::ForwardRequest>, FieldError> parse_forward_body(std::string_view body) {
    const auto value = control::parse_json(body);
    if (!value) return fail(FieldError{"", value.error().text});
    if (value->kind != JsonValue::Kind::object) {
        return fail(FieldError{"", "a JSON object is meant"});
    }
    Reader reader(*value);
    const std::vector<Proto> protos = reader.protos();
    const PortRange outside = reader.outside();
    nat::ForwardRequest request;
    request.outside = outside.first;
    request.must_have_port = true;
    request.count = outside.size();
    request.inside = reader.inside(outside);
    request.remote = reader.remote();
    request.lifetime = reader.lifetime();
    request.description = reader.name();
    request.owner = {nat::OwnerKind::static_, std::string(kControlOwner)};
    if (reader.error()) return fail(FieldError(*reader.error()));
    std::vector<nat::ForwardRequest> out;
    for (const Proto proto : protos) {
        request.proto = proto;
        out.push_back(request);
    }
    return out;
}

}  // namespace gatehouse::daemon
