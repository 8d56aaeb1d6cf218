// SPDX-License-Identifier: GPL-2.0-or-later
//
// The SIP gateway's part of the daemon: its datagrams, and the file of its registrations.
#include <algorithm>
#include <utility>

#include "alg/saved.h"
#include "alg/saved_calls.h"
#include "gateway/base/text.h"
#include "gateway/daemon/daemon.h"
#include "gateway/daemon/files.h"
#include "gateway/daemon/nat_shell.h"
#include "gateway/daemon/parts.h"
#include "gateway/daemon/saved_sip.h"
#include "gateway/nat/ruleset.h"

namespace gatehouse::daemon {

namespace {

constexpr std::size_t kMostSeen = 65536;  // sessions of a look
constexpr std::size_t kMostEnded = 256;   // in one turn
// After another boot what was written behind the stamp has this much more time left at the most.
constexpr Duration kStampAgain = 10min;
// Many phones register at once after a failure of the power.
constexpr Duration kSavePause = 2s;

Endpoint4 v4(const Endpoint& endpoint) {
    return {endpoint.address.v4(), endpoint.port};
}

}  // namespace

void Daemon::read_sip(sip::SipShell::Source source) {
    Effects effects;
    if (!kHasSip) return;
    sip_->read_queue(source, [&](std::uint32_t token, const sip::UdpPacket& packet) {
        house_.handle(token, packet, loop_->now(), effects);
    });
    perform(effects);
}

void Daemon::handle(const sip::Event& event) {
    Effects effects;
    house_.handle(event, loop_->now(), effects);
    perform(effects);
}

// Its answer comes when the kernel has told all, a part in each turn.
void Daemon::look_at_media() {
    media_seen_.clear();
    if (media_scan_->begin(kernel::SessionFamily::v4)) return;
    loop_->after(Duration::zero(), [this] { handle(sip::MediaSeen{{}, false}); });
}

void Daemon::read_media_scan() {
    const auto part = media_scan_->read([this](const kernel::Session& session) {
        if (session.original.proto != Proto::udp || media_seen_.size() == kMostSeen) return;
        for (const nat::Session& one : sessions_of(session)) {
            if (!house_.sip().is_looked_at(one.inside)) continue;
            sip::MediaSession seen;
            seen.inside = one.inside;
            seen.remote = one.remote;
            seen.source = v4(session.original.from());
            seen.destination = v4(session.original.to());
            seen.from_outside = one.from_outside;
            seen.heard = one.from_outside || session.seen_reply;
            seen.counts = !session.offloaded;
            seen.ends = loop_->now() + one.expires;
            media_seen_.push_back(seen);
        }
    });
    if (part == kernel::SessionScan::Part::more) return;
    const auto seen = std::exchange(media_seen_, {});
    handle(sip::MediaSeen{seen, part == kernel::SessionScan::Part::all});
}

// A flood may have begun thousands: some in each turn.
void Daemon::end_strangers() {
    const std::size_t some = std::min(strangers_.size(), kMostEnded);
    for (std::size_t i = 0; i < some; ++i) {
        nat_->end_session({Proto::udp, strangers_.back().source, strangers_.back().destination});
        strangers_.pop_back();
    }
    if (!strangers_.empty()) loop_->after(Duration::zero(), [this] { end_strangers(); });
}

void Daemon::end_strangers(const std::vector<sip::MediaSession>& more) {
    if (more.empty()) return;
    const bool waits = !strangers_.empty();
    strangers_.insert(strangers_.end(), more.begin(), more.end());
    if (!waits) end_strangers();
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
    const auto text_of = [](const std::string& path) {
        const auto text = read_file(path);
        return text ? *text : std::string();
    };
    handle(read_saved_sip(text_of(registrations_file_->path()), text_of(calls_file_->path()),
                          boot_id(), loop_->now()));
    save_sip();
}

void Daemon::save_sip(const sip::Effects& effects) {
    if (!kHasSip || (effects.registrations.empty() && effects.calls.empty())) {
        if (kHasSip && effects.state_changed) save_sip_soon();
        return;
    }
    if (loop_->now() - stamped_ >= kStampAgain) return save_sip();
    const std::chrono::seconds clock = clock_of_saved(loop_->now());
    const bool written =
        registrations_file_->append(sip::write_saved(effects.registrations, clock)) &&
        calls_file_->append(sip::write_saved_calls(effects.calls, clock));
    if (!written || effects.state_changed) save_sip_soon();
}

void Daemon::save_sip_soon() {
    if (saving_) return;
    saving_ = loop_->after(kSavePause, [this] { save_sip(); });
}

void Daemon::save_sip() {
    if (!kHasSip) return;
    if (saving_) loop_->cancel(*saving_);
    saving_.reset();
    const Instant now = loop_->now();
    stamped_ = now;
    registrations_file_->rewrite(write_registrations(house_.sip(), boot_id(), now));
    calls_file_->rewrite(write_calls(house_.sip(), boot_id(), now));
}

}  // namespace gatehouse::daemon
