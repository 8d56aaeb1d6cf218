// SPDX-License-Identifier: GPL-2.0-or-later
//
// The SIP gateway's part of the daemon: its datagrams, and the file of its registrations.
#include <algorithm>

#include "gateway/base/text.h"
#include "gateway/daemon/daemon.h"
#include "gateway/daemon/files.h"
#include "gateway/daemon/nat_shell.h"
#include "gateway/daemon/parts.h"
#include "gateway/daemon/saved_sip.h"
#include "gateway/nat/ruleset.h"

namespace gatehouse::daemon {

namespace {

constexpr std::string_view kRegistrations = "registrations";
constexpr std::string_view kCalls = "calls";
constexpr Duration kSavePause = 2s;  // many phones register at once after a failure of the power

}  // namespace

void Daemon::read_sip() {
    Effects effects;
    if (!kHasSip) return;
    sip_->read_queue([this, &effects](std::uint32_t token, const sip::UdpPacket& packet) {
        house_.handle(token, packet, loop_->now(), effects);
    });
    perform(effects);
}

void Daemon::handle(const sip::Event& event) {
    Effects effects;
    house_.handle(event, loop_->now(), effects);
    perform(effects);
}

void Daemon::look_at_media(Effects& next) {
    std::vector<sip::MediaSession> seen;
    (void)nat_->list_sessions([this, &seen](const kernel::Session& session) {
        if (session.original.proto != Proto::udp) return;
        for (const nat::Session& one : sessions_of(session)) {
            if (!house_.sip().is_looked_at(one.inside)) continue;
            const bool heard = one.from_outside || session.seen_reply;
            const Duration quiet =
                session.offloaded ? Duration::zero() : house_.config().timeouts.udp - one.expires;
            seen.push_back({one.inside, one.remote, one.from_outside, heard, quiet});
        }
    });
    house_.handle(sip::MediaSeen{seen}, loop_->now(), next);
}

void Daemon::end_strangers(const std::vector<sip::MediaSession>& strangers) {
    if (strangers.empty()) return;
    nat_->end_sessions([&strangers](const kernel::Session& session) {
        const auto uses = sessions_of(session);
        return std::any_of(uses.begin(), uses.end(), [&](const nat::Session& one) {
            return one.proto == Proto::udp && one.from_outside &&
                   std::any_of(strangers.begin(), strangers.end(), [&one](const auto& stranger) {
                       return stranger.inside == one.inside && stranger.remote == one.remote;
                   });
        });
    });
}

// Without it SIP over TCP is translated like everything else.
std::optional<Port> Daemon::open_sip_proxy() {
    if (!kHasSip || !has_fact(kernel_facts_, "tproxy")) return std::nullopt;
    auto proxy = sip::TcpProxy::open(*loop_, nat::kRouterPorts, nat::kTableName, nat::kSipDirectSet,
                                     [this](const sip::Event& event) { handle(event); });
    if (!proxy) {
        say(Level::warning, "SIP over TCP is not looked at", {{"reason", proxy.error().text}});
        return std::nullopt;
    }
    sip_proxy_ = std::move(*proxy);
    return sip_proxy_->port();
}

void Daemon::restore_sip() {
    if (!kHasSip) return;
    const auto text_of = [this](std::string_view name) {
        const auto text = read_file(state_file(name));
        return text ? *text : std::string();
    };
    handle(read_saved_sip(text_of(kRegistrations), text_of(kCalls), boot_id(), loop_->now()));
}

void Daemon::save_sip_soon() {
    if (saving_) return;
    saving_ = loop_->after(kSavePause, [this] { save_sip(); });
}

void Daemon::save_sip() {
    if (!kHasSip || !saving_) return;
    loop_->cancel(*saving_);
    saving_.reset();
    const bool registrations =
        store(kRegistrations, write_registrations(house_.sip(), boot_id(), loop_->now()));
    const bool calls = store(kCalls, write_calls(house_.sip(), boot_id(), loop_->now()));
    if (!registrations || !calls) saving_ = loop_->after(kSaveAgain, [this] { save_sip(); });
}

}  // namespace gatehouse::daemon
