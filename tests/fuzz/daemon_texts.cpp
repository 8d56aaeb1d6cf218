// SPDX-License-Identifier: GPL-2.0-or-later
//
// Texts that the daemon reads itself: what somebody asks for with POST, and the files of forwards,
// registrations and calls. What is read of a file, written and read again is the same.
#include <cstdint>

#include "alg/saved.h"
#include "alg/saved_calls.h"
#include "gateway/daemon/forward_body.h"
#include "gateway/daemon/saved_forwards.h"
#include "tests/fuzz/support/require.h"

using namespace gatehouse;

namespace {

constexpr Instant kNow{std::chrono::seconds(1000)};
constexpr std::chrono::seconds kWall(1'800'000'000);
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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto body = daemon::parse_forward_body(text)) {
        require(!body->empty());
        written(*body);
    }
    const std::string once = written(daemon::read_forwards(text, kBoot, kNow));
    require(written(daemon::read_forwards(once, kBoot, kNow)) == once);
    const std::string saved = sip::write_saved(sip::read_saved(text, kWall), kWall);
    require(sip::write_saved(sip::read_saved(saved, kWall), kWall) == saved);
    const std::string calls = sip::write_saved_calls(sip::read_saved_calls(text, kWall), kWall);
    require(sip::write_saved_calls(sip::read_saved_calls(calls, kWall), kWall) == calls);
    return 0;
}
