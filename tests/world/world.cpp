// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/world/world.h"

#include <algorithm>

#include "gateway/base/text.h"
#include "gateway/daemon/boot_stamp.h"
#include "gateway/daemon/saved_forwards.h"
#include "gateway/daemon/saved_sip.h"
#include "tests/world/state_files.h"

namespace gatehouse::world {

config::Config house_config() {
    config::Config config;
    config.gateway.wan = "wan0";
    config.gateway.lan = {"br-lan"};
    return config;
}

World::World(std::uint64_t seed) : random_(seed), wanted_(house_config()) {
    kernel_.interfaces = {
        {"br-lan", true, {{Ip4::of(192, 168, 1, 1), 24}}, {{*parse_ip6("2001:db8:1::1"), 64}}},
        {"lo", true, {{Ip4::of(127, 0, 0, 1), 8}}, {}},
        {"wan0", true, {{Ip4::of(11, 0, 0, 1), 24}}, {}},
    };
}

Duration World::up_to(Duration most) {
    if (most <= Duration::zero()) return Duration::zero();
    return Duration(
        static_cast<Duration::rep>(random_.below(static_cast<std::uint64_t>(most.count()) + 1)));
}

void World::start(const config::Config& config) {
    wanted_ = config;
    ++life_;
    timer_.reset();
    start_failure_.reset();
    files_ = {};
    loaded_ = false;
    house_ = std::make_unique<daemon::House>(HashKey::make(random_));
    upnp::Setup setup;
    setup.identity = kIdentity;
    setup.secret = HashKey::make(random_);
    setup.starts = ++starts_;
    setup.boot = boot_name();
    setup.journal = disk_.read(kForwardsJournal);
    setup.version = "1.0";
    handle(daemon::LinksSeen{kernel_.interfaces});
    const std::string& forwards = disk_.read(kForwards);
    const bool some = daemon::read_boot_stamp(forwards, boot_name(), now_).has_value();
    if (house_) {
        handle(daemon::Started{
            config, {}, "router", setup, daemon::read_forwards(forwards, boot_name(), now_)});
    }
    if (house_ && some) save_forwards();
    const std::string& leases = disk_.read(kLeasesJournal);
    tell(dhcp::Restored{dhcp::read_journal(as_bytes(leases), boot_, now_).leases});
    for (const auto& [address, mac] : neighbours_) {
        if (house_) handle(daemon::NeighbourSeen{address, mac});
    }
    if (!house_) return;
    daemon::Effects effects;
    house_->handle(
        daemon::read_saved_sip(disk_.read(kRegistrations), disk_.read(kCalls), boot_name(), now_),
        now_, effects);
    perform(effects);
    if (house_) save_sip();
}

void World::kill() {
    if (house_ && on_death) on_death();
    house_.reset();
    timer_.reset();
    things_to_do_.reset();
    asked_.clear();
    ++life_;
}

void World::reboot() {
    kill();
    if (++boot_[0] == 0) ++boot_[1];
    kernel_.flush();
    kernel_.sessions.clear();
}

void World::cut_power() {
    reboot();
    disk_.cut_power(random_);
}

std::string World::boot_name() const {
    return concat("boot-", boot_[0], "-", boot_[1]);
}

void World::reconfigure(const config::Config& config) {
    wanted_ = config;
    if (house_) handle(daemon::Reconfigured{config});
}

void World::handle(const daemon::Event& event) {
    daemon::Effects effects;
    house_->handle(event, now_, effects);
    perform(effects);
}

void World::handle(const nat::Event& event) {
    daemon::Effects effects;
    house_->handle(event, now_, effects);
    perform(effects);
}

void World::tell(const dhcp::Event& event) {
    if (!house_) return;
    daemon::Effects effects;
    house_->handle(event, now_, effects);
    perform(effects);
}

void World::lose_events() {
    if (house_) handle(nat::EventsLost{});
}

void World::first_packet(Proto proto, Endpoint4 inside, Endpoint4 remote) {
    kernel_.verdicts.clear();
    if (!house_) return;
    const nat::FirstPacket packet{++token_, proto, inside, remote};
    asked_.emplace(token_, packet);
    handle(packet);
}

void World::packet(Proto proto, Endpoint4 inside, Endpoint4 remote, Duration life) {
    if (!kernel_.table()) return;
    session_life_ = life;
    const auto outside = kernel_.outside_of(proto, inside, remote);
    if (!outside) return first_packet(proto, inside, remote);
    kernel_.use({proto, inside, *outside, remote, false, {}}, now_, now_ + life);
    later(life, [this] { end_sessions(); });
}

// Each is told: or nobody hears of it, or later, or twice.
void World::end_sessions() {
    for (const nat::Session& session : kernel_.end_sessions(now_)) {
        if (random_.below(4) == 0) continue;
        const nat::SessionDestroyed event{session.proto, session.inside, session.outside};
        for (std::uint64_t times = random_.below(8) == 0 ? 2 : 1; times > 0; --times) {
            later(up_to(slowness_), [this, event] {
                if (house_) handle(event);
            });
        }
    }
}

void World::see_neighbour(const IpAddress& address, std::optional<Mac> mac) {
    std::erase_if(neighbours_, [&](const auto& one) { return one.first == address; });
    if (mac) neighbours_.emplace_back(address, *mac);
    if (house_) handle(daemon::NeighbourSeen{address, mac});
}

void World::tell(const upnp::Event& event) {
    if (!house_) return;
    daemon::Effects effects;
    house_->handle(event, now_, effects);
    perform(effects);
}

// What the kernel did not take was never given, and who died has not answered.
upnp::HttpAnswer World::serve(const upnp::HttpRequest& request) {
    upnp::HttpAnswer silence;
    silence.status = 0;
    if (!house_) return silence;
    daemon::Effects effects;
    upnp::HttpAnswer answer = house_->serve(request, now_, effects);
    perform(effects);
    if (!house_) return silence;
    if (answer.made && house_->engine().find_forward(*answer.made) == nullptr) answer.status = 500;
    return answer;
}

void World::command(const std::function<void(nat::MappingService&)>& call) {
    ask(call);
    if (!house_ || dies()) return;
    save_forwards();
}

void World::ask(const std::function<void(nat::MappingService&)>& call) {
    if (!house_) return;
    call(house_->engine());
    daemon::Effects effects;
    house_->flush_nat(now_, effects);
    perform(effects);
}

std::string World::sip(Endpoint4 source, Endpoint4 destination, std::string_view text) {
    if (!house_) return std::string(text);
    daemon::Effects effects;
    house_->handle(1, {source, destination, 28, text}, now_, effects);
    std::string out = effects.sip.verdicts.at(0).payload.value_or(std::string(text));
    perform(effects);
    return out;
}

void World::count_load() {
    recent_loads_.push_back(now_);
    while (recent_loads_.front() + daemon::House::kRepairPause <= now_)
        recent_loads_.pop_front();
    most_loads_ = std::max(most_loads_, recent_loads_.size());
}

void World::notice(const daemon::Event& event) {
    const auto deliver = [this, event, life = life_] {
        if (house_ && life == life_) handle(event);
    };
    later(up_to(slowness_), deliver);
    const bool twice = slowness_ > Duration::zero() && random_.below(8) == 0;
    if (twice) later(up_to(slowness_), deliver);
}

// Links are read when the notice is handled, as the daemon does: what is told is always newest.
void World::notice_links() {
    later(up_to(slowness_), [this, life = life_] {
        if (house_ && life == life_) handle(daemon::LinksSeen{kernel_.interfaces});
    });
}

void World::flush_table() {
    kernel_.flush();
    notice(daemon::TableTouched{"other[1]"});
}

void World::spoil_table() {
    kernel_.spoil();
    notice(daemon::TableTouched{"other[2]"});
}

void World::change(const std::function<void(FakeKernel&)>& change) {
    change(kernel_);
    notice_links();
}

void World::pass(Duration time) {
    const Instant end = now_ + time;
    for (;;) {
        const Instant next_action = agenda_.empty() ? kNever : agenda_.begin()->first;
        const Instant next = std::min(next_action, timer_.value_or(kNever));
        if (next > end) break;
        now_ = std::max(now_, next);
        if (timer_ && *timer_ <= now_) {
            timer_.reset();
            handle(daemon::TimerFired{});
            continue;
        }
        const Action action = std::move(agenda_.begin()->second);
        agenda_.erase(agenda_.begin());
        action();
    }
    now_ = end;
}

std::string World::story() const {
    std::string out;
    for (const std::string& line : lines_)
        append(out, line, "\n");
    if (start_failure_) append(out, "the start failed: ", *start_failure_, "\n");
    return out;
}

}  // namespace gatehouse::world
