// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/daemon/daemon.h"

#include <fcntl.h>
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "gateway/base/random.h"
#include "gateway/base/text.h"
#include "gateway/daemon/boot_stamp.h"
#include "gateway/daemon/files.h"
#include "gateway/daemon/lock.h"
#include "gateway/daemon/name_servers.h"
#include "gateway/daemon/parts.h"
#include "gateway/daemon/router_ports.h"
#include "gateway/daemon/saved_forwards.h"
#include "gateway/kernel/ruleset_loader.h"
#include "gateway/nat/ruleset.h"

namespace gatehouse::daemon {

namespace {

constexpr std::uint8_t kInetFamily = 1;  // NFPROTO_INET
// Who stops a daemon ends it by force after five seconds (procd).
constexpr Duration kWritingAtEnd = 4s;

// Lists of whole tables are large and soon done with. What is that large comes from the system and
// goes back to it at once; by itself the C library would keep more the more it has been given back.
void return_memory_early() {
#ifdef __GLIBC__
    ::mallopt(M_MMAP_THRESHOLD, 64 * 1024);
    ::mallopt(M_TRIM_THRESHOLD, 128 * 1024);
#endif
}

// What only the busiest moment so far has needed.
void return_spare_memory() {
#ifdef __GLIBC__
    ::malloc_trim(0);
#endif
}

}  // namespace

std::vector<Interface> interfaces_of(const kernel::LinkTable& table) {
    std::vector<Interface> out;
    for (const auto& [index, link] : table.links()) {
        Interface interface {
            link.name, link.running, {}, {}, {}
        };
        const auto best = table.outside_address(link);
        for (const kernel::LinkAddress4& address : link.addresses) {
            // A further address of one subnet is secondary to the kernel and an address to us.
            if (address.deprecated || address.tentative) {
                interface.others.push_back(address.local);
                continue;
            }
            const bool first = best && address.local == *best;
            interface.addresses.insert(
                first ? interface.addresses.begin() : interface.addresses.end(),
                Prefix4{address.local, address.prefix_length});
        }
        for (const kernel::LinkAddress6& address : link.addresses6) {
            if (!address.link_scope) {
                interface.addresses6.push_back({address.local, address.prefix_length});
            }
        }
        out.push_back(std::move(interface));
    }
    return out;
}

Level level_of(config::LogLevel level) {
    switch (level) {
        case config::LogLevel::error: return Level::error;
        case config::LogLevel::warning: return Level::warning;
        case config::LogLevel::info: return Level::info;
        case config::LogLevel::debug: return Level::debug;
    }
    return Level::info;
}

std::chrono::seconds time_of_day() {
    return std::chrono::duration_cast<std::chrono::seconds>(
        std::chrono::system_clock::now().time_since_epoch());
}

bool has_fact(const control::StatusView::Facts& facts, std::string_view name) {
    return std::any_of(facts.begin(), facts.end(), [name](const auto& fact) {
        return fact.first == name && fact.second == "yes";
    });
}

namespace {

HashKey make_key() {
    SystemRandom random;
    return HashKey::make(random);
}

}  // namespace

Daemon::Daemon(std::string config_file, config::Config config, LogWriter& log)
    : config_file_(std::move(config_file)),
      log_(log),
      house_(make_key()),
      start_config_(std::move(config)) {
    log_.set_most(level_of(start_config_.gateway.log_level));
}

Daemon::~Daemon() = default;

void Daemon::say(Level level, std::string fact, std::vector<LogLine::Field> fields) {
    log_.write({level, "daemon", std::move(fact), std::move(fields)});
}

Status Daemon::start() {
    return_memory_early();
    auto lock = take_lock();
    if (!lock) return lock.failure();
    lock_ = std::move(*lock);
    const Status opened = open_sockets();
    if (!opened) return opened;
    // Frames that a bridge of the house carries are not ours to translate: the bridge would lose
    // those that come back to their own port. Not every kernel has this switch; only root turns it.
    for (const char* family : {"iptables", "ip6tables"})
        (void)write_file(concat("/proc/sys/net/bridge/bridge-nf-call-", family), "0");
    safeguards_ = drop_privileges(start_config_.gateway.user, places());
    for (const auto& [name, state] : safeguards_)
        say(Level::info, name, {{"state", state}});
    const Status watching = watch_everything();
    if (!watching) return watching;
    open_dhcp();
    handle(LinksSeen{interfaces_of(links_->table())});
    look_at_ports();
    return_memory();
    Abilities abilities;
    abilities.timeout_objects = has_fact(kernel_facts_, "timeout_objects");
    abilities.session_counts = has_fact(kernel_facts_, "session_counts");
    abilities.map_lookups = has_fact(kernel_facts_, "map_lookups");
    abilities.element_counters = has_fact(kernel_facts_, "element_counters");
    abilities.sip_proxy = open_sip_proxy();
    host_name_ = read_host_name();
    const std::string forwards = saved_forwards();
    handle(Started{start_config_, abilities, host_name_, open_upnp(),
                   read_forwards(forwards, boot_id(), loop_->now())});
    // Without what has ended meanwhile, and with the time that is left in this boot: another one
    // would begin anew with what it finds. What is no such file is left as it is.
    if (read_boot_stamp(forwards, boot_id(), loop_->now())) save_forwards();
    handle(dhcp::Event(dhcp_->restore()));
    serve_dhcp_links();
    tell_neighbours();
    restore_sip();
    open_web();
    remember_hour();
    if (failure_) return fail(*failure_);
    return {};
}

Status Daemon::open_sockets() {
    auto made = loop::Loop::make();
    if (!made) return made.failure();
    loop_ = std::move(*made);
    const config::Gateway& gateway = start_config_.gateway;
    const Status files = open_files();
    if (!files) return files;
    auto listening = control::listen_unix(gateway.control);
    if (!listening) return listening.failure();
    control::HttpLimits limits;
    limits.with_head = true;
    auto server = control::HttpServer::make(
        *loop_, std::move(*listening), control::peer_may_write,
        [this](const control::Request& request) { return serve(request); }, limits);
    if (!server) return server.failure();
    control_ = std::move(*server);
    auto links = kernel::LinkWatch::open();
    if (!links) return links.failure();
    links_.emplace(std::move(*links));
    auto nft = kernel::NftWatch::open();
    if (!nft) return nft.failure();
    nft_.emplace(std::move(*nft));
    auto neighbours = kernel::NeighbourWatch::open();
    if (!neighbours) return neighbours.failure();
    neighbours_.emplace(std::move(*neighbours));
    kernel_facts_ = kernel_facts();
    const bool can_queue =
        has_fact(kernel_facts_, "queue_expression") || has_fact(kernel_facts_, "queue_target");
    auto nat = NatShell::open(can_queue, has_fact(kernel_facts_, "element_counters"));
    if (!nat) return nat.failure();
    nat_.emplace(std::move(*nat));
    nft_->ignore(nat_->elements_port());
    if (!kHasSip || !can_queue) return {};
    auto sip = sip::SipShell::open(nat::kTableName, nat::kNotSipSet);
    if (!sip) return sip.failure();
    sip_.emplace(std::move(*sip));
    auto scan = kernel::SessionScan::open();
    if (!scan) return scan.failure();
    media_scan_.emplace(std::move(*scan));
    return {};
}

Status Daemon::watch_everything() {
    const auto end = [this] {
        stopping_ = true;
        loop_->stop();
    };
    for (const int signal : {SIGTERM, SIGINT}) {
        const Status watched = loop_->on_signal(signal, end);
        if (!watched) return watched;
    }
    loop_->on_slow_turn([this](const loop::SlowTurn& turn) { say_slow(turn); });
    const Status hangup = loop_->on_signal(SIGHUP, [this] { reload_by_signal(); });
    if (!hangup) return hangup;
    const Status links =
        loop_->watch(links_->fd(), EPOLLIN, [this](std::uint32_t) { read_links(); });
    if (!links) return links;
    const Status nft = loop_->watch(nft_->fd(), EPOLLIN, [this](std::uint32_t) { read_commits(); });
    if (!nft) return nft;
    const Status neighbours =
        loop_->watch(neighbours_->fd(), EPOLLIN, [this](std::uint32_t) { read_neighbours(); });
    if (!neighbours) return neighbours;
    const Status endings = loop_->watch(nat_->endings_fd(), EPOLLIN, [this](std::uint32_t) {
        Effects effects;
        nat_->read_endings(feed_into(effects));
        perform(effects);
    });
    if (!endings) return endings;
    const Status sessions = loop_->watch(nat_->sessions_fd(), EPOLLIN, [this](std::uint32_t) {
        Effects effects;
        nat_->read_sessions(feed_into(effects));
        perform(effects);
    });
    if (!sessions || nat_->queue() == nullptr) return sessions;
    if (kHasSip && sip_) {
        for (const auto source : sip::SipShell::kSources) {
            const Status calls = loop_->watch(sip_->fd(source), EPOLLIN,
                                              [this, source](std::uint32_t) { read_sip(source); });
            if (!calls) return calls;
        }
        const Status scan =
            loop_->watch(media_scan_->fd(), EPOLLIN, [this](std::uint32_t) { read_media_scan(); });
        if (!scan) return scan;
    }
    return loop_->watch(nat_->queue()->fd(), EPOLLIN, [this](std::uint32_t) { read_queue(); });
}

Status Daemon::run() {
    say(Level::notice, "ready",
        {{"version", GATEHOUSE_VERSION}, {"control", start_config_.gateway.control}});
    while (!stopping_ && !failure_) {
        if (!loop_->run()) return fail("waiting for events failed");
    }
    const Status ended = end();
    const Status written = writer_->finish(kWritingAtEnd);
    if (!written) say(Level::warning, written.error().text);
    return ended;
}

Status Daemon::end() {
    save_sip();
    if (failure_) return fail(*failure_);
    dhcp_->finish();
    say_goodbye();
    if (house_.config().gateway.flush_on_exit) {
        const auto removed = kernel::load_ruleset(nat::write_ruleset_removal());
        if (!removed.status) return removed.status;
    }
    say(Level::notice, "stopped",
        {{"ruleset", house_.config().gateway.flush_on_exit ? "removed" : "stays"}});
    ::unlink(start_config_.gateway.control.c_str());
    return {};
}

void Daemon::handle(const Event& event) {
    Effects effects;
    house_.handle(event, loop_->now(), effects);
    perform(effects);
}

void Daemon::flush_nat() {
    Effects effects;
    house_.flush_nat(loop_->now(), effects);
    perform(effects);
}

NatShell::Feed Daemon::feed_into(Effects& next) {
    return [this, &next](const nat::Event& event) { house_.handle(event, loop_->now(), next); };
}

void Daemon::perform(Effects& effects) {
    Effects next;
    while (!effects.empty() && !failure_) {
        for (const Step& step : effects.steps)
            perform(step, next);
        nat_->perform(effects.nat, feed_into(next));
        end_strangers(effects.sip.strangers);
        if (effects.sip.look) look_at_media();
        dhcp_->perform(effects.dhcp);
        save_sip(effects.sip);  // before anybody hears of it
        if (kHasSip && sip_) sip_->perform(effects.sip);
        if (kHasSip && sip_proxy_) sip_proxy_->perform(effects.sip);
        perform(effects.upnp);
        publish(effects.events);
        if (effects.save_forwards) save_forwards();
        std::swap(effects, next);
        next.clear();
    }
}

void Daemon::perform(const Step& step, Effects& next) {
    if (const auto* line = std::get_if<LogLine>(&step)) return log_.write(*line);
    if (const auto* timer = std::get_if<SetTimer>(&step)) return set_timer(timer->at);
    if (std::holds_alternative<EnableForwarding>(step)) return enable_forwarding();
    if (const auto* load = std::get_if<LoadRuleset>(&step)) return load_ruleset(load->text, next);
    if (const auto* timeouts = std::get_if<SetTimeouts>(&step)) {
        return set_timeouts(timeouts->timeouts);
    }
    if (const auto* ports = std::get_if<SetRouterPorts>(&step)) {
        const Status set = nat_->set_router_ports(ports->ports);
        if (!set)
            say(Level::warning, "ports of the router not set", {{"reason", set.error().text}});
        return;
    }
    if (const auto* drop = std::get_if<DropUntranslated>(&step)) {
        const Status dropped =
            nat_->drop_untranslated(drop->inside, [this, drop](Proto proto, Endpoint4 outside) {
                const auto& all = drop->outside;
                return std::find(all.begin(), all.end(), outside.address) != all.end() &&
                       house_.engine().inside_of(proto, outside).has_value();
            });
        if (!dropped) {
            say(Level::warning, "untranslated sessions stay", {{"reason", dropped.error().text}});
        }
        return;
    }
    if (std::holds_alternative<AdoptElements>(step)) {
        return nat_->feed_elements(true, feed_into(next));
    }
    failure_ = std::get<EndWithError>(step).text;
    loop_->stop();
}

void Daemon::load_ruleset(const std::string& text, Effects& next) {
    const kernel::RulesetLoad load = kernel::load_ruleset(text);
    nft_->add_own(load.process);
    Status status = load.status;
    const bool native = has_fact(kernel_facts_, "queue_expression");
    if (status) status = nat_->install_queue_rule(native);
    if (kHasSip && status && sip_) {
        using enum sip::SipShell::Source;
        status = sip_->install_queue_rule(any, nat::kTableName, nat::kSipQueueChain, native);
        if (status) {
            status = sip_->install_queue_rule(known_sessions, nat::kTableName,
                                              nat::kKnownSipQueueChain, native);
        }
        nat_->hand_over(house_.sip_ports(), sip::SipShell::kQueueNumber);
    }
    const auto error = status ? std::nullopt : std::optional(status.error());
    house_.handle(RulesetDone{error}, loop_->now(), next);
}

void Daemon::set_timeouts(const config::Timeouts& timeouts) {
    const Status set = nat_->set_timeouts(timeouts, has_fact(kernel_facts_, "timeout_objects"));
    if (!set) say(Level::warning, "timeouts not set", {{"reason", set.error().text}});
}

void Daemon::enable_forwarding() {
    const Status enabled = write_file("/proc/sys/net/ipv4/ip_forward", "1");
    if (!enabled) say(Level::error, "forwarding is off", {{"reason", enabled.error().text}});
    const Status own =
        write_file("/proc/sys/net/ipv4/ip_local_port_range",
                   concat(nat::kRouterPorts.first.number, " ", nat::kRouterPorts.last.number));
    if (!own) say(Level::warning, "own ports are not kept apart", {{"reason", own.error().text}});
}

// Whoever reports a stall can say where it was.
void Daemon::say_slow(const loop::SlowTurn& turn) {
    const auto us = [](Duration time) { return concat(time / 1us); };
    say(Level::info, "slow turn",
        {{"computed_us", us(turn.computed)},
         {"passed_us", us(turn.passed)},
         {"interruptions", concat(turn.interruptions)},
         {"sleeps", concat(turn.sleeps)},
         {"most_of_it", concat(turn.of.file, ":", turn.of.line)},
         {"took_us", us(turn.longest)}});
}

void Daemon::set_timer(Instant at) {
    if (timer_) loop_->cancel(*timer_);
    timer_ = loop_->at(at, [this] {
        timer_.reset();
        handle(TimerFired{});
    });
}

void Daemon::read_queue() {
    Effects effects;
    nat_->read_queue(feed_into(effects));
    perform(effects);
}

void Daemon::read_neighbours() {
    neighbours_->read([this](const kernel::Neighbour& neighbour) {
        const bool gone = neighbour.state == kernel::NeighbourState::failed;
        handle(
            NeighbourSeen{neighbour.address, gone ? std::nullopt : std::optional(neighbour.mac)});
    });
}

void Daemon::tell_neighbours() {
    for (const auto& [key, neighbour] : neighbours_->table().all()) {
        handle(NeighbourSeen{neighbour.address, neighbour.mac});
    }
}

std::vector<Ip4> Daemon::inside_addresses() const {
    const bool started = !house_.config().gateway.lan.empty();
    const config::Config& config = started ? house_.config() : start_config_;
    std::vector<Ip4> out;
    for (const std::string& name : config.gateway.lan) {
        const Interface* lan = house_.interface(name);
        if (lan == nullptr) continue;
        for (const Prefix4& prefix : lan->addresses)
            out.push_back(prefix.address);
    }
    return out;
}

void Daemon::look_at_ports() {
    static constexpr Duration kPeriod = 5s;
    handle(PortsSeen{read_router_ports(inside_addresses())});
    handle(NameServersSeen{read_name_servers()});
    dhcp_->look_again();
    open_web();
    loop_->after(kPeriod, [this] { look_at_ports(); });
}

void Daemon::return_memory() {
    static constexpr Duration kPeriod = 5min;
    loop_->after(kPeriod, [this] {
        return_spare_memory();
        return_memory();
    });
}

std::optional<std::vector<kernel::Session>> Daemon::sessions() {
    std::vector<kernel::Session> out;
    const Status listed = nat_->list_sessions([&out](const kernel::Session& session) {
        if (session.source_nat || session.destination_nat) out.push_back(session);
    });
    return listed ? std::optional(std::move(out)) : std::nullopt;
}

void Daemon::read_links() {
    if (!links_->read()) return;
    handle(LinksSeen{interfaces_of(links_->table())});
    if (kHasSip && sip_proxy_ && house_.outside_address())
        sip_proxy_->move_to(*house_.outside_address());
    serve_dhcp_links();
    // Who is inside depends on the prefixes of the interfaces.
    tell_neighbours();
    open_web();
}

void Daemon::read_commits() {
    std::optional<std::string> by;
    nft_->read([this, &by](const kernel::NftCommit& commit) {
        if (commit.overrun) {
            house_.metrics().add(Metric::netlink_overruns);
            by = "unknown, notices were lost";
        }
        if (commit.own || commit.find(kInetFamily, nat::kTableName) == nullptr) return;
        by = concat(commit.program, '[', commit.process, ']');
    });
    if (by) handle(TableTouched{*by});
}

}  // namespace gatehouse::daemon
