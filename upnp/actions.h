// SPDX-License-Identifier: GPL-2.0-or-later
//
// The actions of the services: a checked call goes in, values or an error come out. The address of
// the caller is whom the authoriser judges, whatever the arguments say.
#pragma once

#include "upnp/claims.h"
#include "upnp/model.h"
#include "upnp/soap.h"

namespace gatehouse::upnp {

// What the actions work on, and what they tell about the connection.
struct DeviceState {
    Claims& claims;
    nat::MappingService& service;
    const nat::Hosts& hosts;
    const Authority& authority;
    const Identity& identity;
    const WanCounters& counters;
    const config::Timeouts& timeouts;
    Instant connected_since;  // of the outside address
    std::uint32_t update_id = 0;
    Ip4 outside;  // as it is told
    Instant now;

    bool is_connected() const { return !outside.is_any(); }
};

struct CallContext {
    const DeviceState& state;
    Tree tree = Tree::igd1;
    const ServiceModel& model;
    IpAddress client;
    const SoapCall& call;
};

struct CallDone {
    SoapValues out;
    std::optional<nat::ForwardId> made;
};

struct CallFailed {
    SoapError error = SoapError::action_failed;
    std::optional<Denial> denial;
};

using CallResult = Result<CallDone, CallFailed>;

// The pinhole whose packets the answer to a request tells: whoever can count them tells the service
// before.
std::optional<nat::PinholeId> pinhole_to_count(const HttpRequest& request);

// Finds the action, checks its arguments and runs it.
CallResult run_call(const CallContext& context);

// The evented variables of a service and their values now, in the order of the table.
SoapValues evented_values(const DeviceState& state, Tree tree, const ServiceModel& model);

// Text of a device that may be shown and kept: UTF-8 without control characters, at most
// kLongestDescription bytes.
constexpr std::size_t kLongestDescription = 128;
std::string clean_description(std::string_view text);

// Shared by the files of the actions.
CallFailed failed(SoapError error);
CallResult run_wan_ip(const CallContext& context);
CallResult run_common(const CallContext& context);
CallResult run_layer3(const CallContext& context);
CallResult run_firewall6(const CallContext& context);
std::string default_connection(const Identity& identity, Tree tree);

// Readers of arguments, which are there.
std::string_view text_argument(const CallContext& context, std::string_view name);
Result<std::uint32_t, SoapError> number_argument(const CallContext& context, std::string_view name,
                                                 std::uint32_t most);
std::optional<bool> parse_soap_boolean(std::string_view text);

}  // namespace gatehouse::upnp
