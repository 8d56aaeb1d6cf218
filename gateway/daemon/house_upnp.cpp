// SPDX-License-Identifier: GPL-2.0-or-later
//
// The gateway device in the house.
#include <algorithm>

#include "gateway/base/parts.h"
#include "gateway/daemon/house.h"
#include "gateway/daemon/parts.h"

namespace gatehouse::daemon {

void House::handle(const upnp::Event& event, Instant now, Effects& out) {
    tell_upnp(event, now, out);
    set_timer(out);
}

upnp::HttpAnswer House::serve(const upnp::HttpRequest& request, Instant now, Effects& out) {
    upnp::HttpAnswer answer = upnp_->serve(request, now, out.upnp);
    take_upnp(now, out);
    set_timer(out);
    return answer;
}

void House::leave(Effects& out) const {
    if (kHasUpnp && upnp_) upnp_->leave(out.upnp);
}

void House::start_upnp(const upnp::Setup& setup, Instant now, Effects& out) {
    if (!kHasUpnp) return;
    upnp_ = std::make_unique<upnp::Room>(config_, *engine_, hosts_, metrics_, setup, now);
    update_lans(now, out);
}

void House::tell_upnp(const upnp::Event& event, Instant now, Effects& out) {
    if (!kHasUpnp || !upnp_) return;
    upnp_->handle(event, now, out.upnp);
    if (std::exchange(out.upnp.ask_in_use, false)) {
        upnp::ForwardsInUse in_use;
        engine_->visit_mappings(now, [&in_use](const nat::MappingView& mapping) {
            if (mapping.forward != nullptr && mapping.sessions > 0) {
                in_use.ids.push_back(mapping.forward->id);
            }
        });
        upnp_->handle(in_use, now, out.upnp);
    }
    take_upnp(now, out);
}

void House::settle_upnp(Instant now, Effects& out) {
    if (!kHasUpnp || !upnp_) return;
    upnp_->settle(now, out.upnp);
    take_upnp(now, out);
}

// What the room has asked of the engine, and what it has to say.
void House::take_upnp(Instant now, Effects& out) {
    const std::size_t first = out.nat.notices.size();
    engine_->flush(out.nat);
    log_notices(now, out, first);
    for (LogLine& text : std::exchange(out.upnp.log, {})) {
        if (text.fact == "refused") {
            tell("refused", text.fields, out);
            out.events.back().fields.emplace_back("by", "upnp");
        }
        out.steps.emplace_back(std::move(text));
    }
}

void House::update_lans(Instant now, Effects& out) {
    upnp::LansSeen seen;
    for (const std::string& name : config_.gateway.lan) {
        const Interface* lan = interface(name);
        if (lan == nullptr) continue;
        seen.lans.push_back({name, lan->addresses, {}});
        if (kHasIpv6) seen.lans.back().addresses6 = lan->addresses6;
    }
    tell_upnp(seen, now, out);
}

}  // namespace gatehouse::daemon
