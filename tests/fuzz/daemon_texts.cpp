// SPDX-License-Identifier: GPL-2.0-or-later
//
// Texts that the daemon reads itself: what somebody asks for with POST or in a query, its files of
// forwards, registrations and calls, and what the system says of name servers and ports. What is
// read of a file, written and read again is the same.
#include <cstdint>

#include "alg/saved.h"
#include "alg/saved_calls.h"
#include "gateway/base/text.h"
#include "gateway/daemon/forward_body.h"
#include "gateway/daemon/name_servers.h"
#include "gateway/daemon/router_ports.h"
#include "gateway/daemon/saved_forwards.h"
#include "gateway/daemon/saved_sip.h"
#include "gateway/daemon/why_api.h"
#include "tests/fuzz/support/require.h"

using namespace gatehouse;

namespace {

constexpr Instant kNow{std::chrono::seconds(1000)};
constexpr std::chrono::seconds kClock(1'800'000'000);
constexpr std::string_view kBoot = "boot";

// As the engine would have made it.
nat::Forward made(const nat::ForwardRequest& request) {
    nat::Forward out;
    out.proto = request.proto;
    out.outside.port = *request.outside;
    out.count = request.count;
    out.inside = request.inside;
    out.remote = request.remote;
    out.owner = request.owner;
    out.description = request.description;
    out.expires = request.lifetime ? kNow + *request.lifetime : kNever;
    return out;
}

std::string written(const std::vector<nat::ForwardRequest>& requests) {
    std::vector<nat::Forward> all;
    for (const nat::ForwardRequest& request : requests) {
        require(request.outside.has_value() && request.must_have_port);
        require(request.description.size() <= nat::kMostDescription);
        require(!request.lifetime || *request.lifetime > Duration::zero());
        all.push_back(made(request));
    }
    return daemon::write_forwards(all, kBoot, kNow);
}

// Between blanks: the protocol, and both ends of a flow.
void read_query(std::string_view text) {
    control::Request request;
    const auto words = split(text, ' ');
    constexpr std::string_view kNames[] = {"proto", "inside", "remote"};
    for (std::size_t i = 0; i < std::min(words.size(), std::size(kNames)); ++i)
        request.query.emplace_back(kNames[i], words[i]);
    const auto flow = daemon::parse_flow(request);
    if (flow) require(flow->inside.address.is_v4() == flow->remote.address.is_v4());
}

void read_system(std::string_view text) {
    for (const Ip4 server : daemon::name_servers_in(text))
        require(!server.is_any(), "a server without an address");
    for (const Port port : daemon::listening_ports(text, Proto::tcp))
        require(port.number != 0, "a port that nobody has");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto body = daemon::parse_forward_body(text)) {
        require(!body->empty());
        written(*body);
    }
    const std::string once = written(daemon::read_forwards(text, kBoot, kNow));
    require(written(daemon::read_forwards(once, kBoot, kNow)) == once);
    const std::string saved = sip::write_saved(sip::read_saved(text, kClock), kClock);
    require(sip::write_saved(sip::read_saved(saved, kClock), kClock) == saved);
    const std::string calls = sip::write_saved_calls(sip::read_saved_calls(text, kClock), kClock);
    require(sip::write_saved_calls(sip::read_saved_calls(calls, kClock), kClock) == calls);
    const sip::Restored restored = daemon::read_saved_sip(text, text, kBoot, kNow);
    for (const sip::SavedRegistration& one : restored.registrations)
        require(one.left > Duration::zero());
    read_query(text);
    read_system(text);
    return 0;
}
