// SPDX-License-Identifier: GPL-2.0-or-later
#include "upnp/shell/shell.h"

#include <algorithm>

#include "gateway/base/text.h"
#include "upnp/shell/sockets.h"
#include "upnp/soap.h"

namespace gatehouse::upnp {

namespace {

control::HttpLimits limits() {
    control::HttpLimits out;
    out.longest_body = kLongestCall;
    out.memory = 16384;
    out.connections = 192;
    out.of_host = 24;
    out.idle_seconds = 10;
    out.with_head = true;
    return out;
}

}  // namespace

Shell::Shell(loop::Loop& loop, const std::string& state_folder, Callbacks callbacks)
    : loop_(loop),
      callbacks_(std::move(callbacks)),
      store_(loop, state_folder),
      notifier_(loop, [this](const NotifyDone& done) { callbacks_.feed(done); }) {}

Shell::~Shell() {
    if (retry_) loop_.cancel(*retry_);
    if (rewrite_) loop_.cancel(*rewrite_);
    if (delay_) loop_.cancel(*delay_);
    for (Network& network : networks_)
        close(network);
}

void Shell::perform(const Effects& effects) {
    for (const Send& message : effects.farewells)
        send(message);
    if (effects.listen) listen(*effects.listen);
    if (effects.replace_journal) note_store(store_.replace(*effects.replace_journal));
    if (!effects.append_journal.empty()) note_store(store_.append(effects.append_journal));
    for (const Probe& probe : effects.probes)
        probe_host(probe);
    for (const Notify& notify : effects.notifies)
        notifier_.deliver(notify);
    for (const Send& message : effects.sends) {
        if (message.made && !callbacks_.is_in_force(*message.made)) continue;
        if (message.delay <= Duration::zero()) {
            send(message);
        } else {
            send_later(message);
        }
    }
}

void Shell::send_later(const Send& message) {
    if (delayed_.size() >= kMostDelayed) return;
    const Instant at = loop_.now() + message.delay;
    const bool is_first = delayed_.empty() || at < delayed_.begin()->first;
    delayed_.emplace(at, message);
    if (!is_first) return;
    if (delay_) loop_.cancel(*delay_);
    delay_ = loop_.at(at, [this] { send_due(); });
}

void Shell::send_due() {
    while (!delayed_.empty() && delayed_.begin()->first <= loop_.now()) {
        send(delayed_.begin()->second);
        delayed_.erase(delayed_.begin());
    }
    delay_.reset();
    if (!delayed_.empty()) {
        delay_ = loop_.at(delayed_.begin()->first, [this] { send_due(); });
    }
}

void Shell::note_store(const Status& status) {
    if (!status && store_works_) {
        callbacks_.warn("forwards will not survive a restart", status.error().text);
    }
    store_works_ = status.ok();
    if (status || rewrite_) return;
    rewrite_ = loop_.after(kRetry, [this] {
        rewrite_.reset();
        callbacks_.feed(JournalLost{});
    });
}

void Shell::listen(const Listen& wanted) {
    if (wanted == wanted_) return;
    wanted_ = wanted;
    for (Network& network : networks_)
        close(network);
    networks_.clear();
    for (const Lan& lan : wanted.lans) {
        if (!lan.addresses.empty()) networks_.emplace_back().lan = lan;
    }
    open_all();
}

void Shell::open_all() {
    if (retry_) loop_.cancel(*retry_);
    retry_.reset();
    bool whole = true;
    for (Network& network : networks_)
        whole = open(network) && whole;
    if (whole) {
        last_failure_.clear();
        return;
    }
    retry_ = loop_.after(kRetry, [this] {
        retry_.reset();
        open_all();
    });
}

bool Shell::open(Network& network) {
    const Ip4 address = network.lan.addresses.front().address;
    const std::string& lan = network.lan.name;
    bool whole = true;
    if (wanted_.igd) {
        if (!network.ssdp_group) {
            whole = take(open_udp(lan, {kSsdpGroup, kSsdpPort}), network.ssdp_group, network,
                         Service::ssdp);
        }
        if (!network.ssdp) {
            whole =
                take(open_udp(lan, {address, kSsdpPort}), network.ssdp, network, Service::ssdp) &&
                whole;
        }
        whole = open_http(network, {address, wanted_.http}) && whole;
    }
    if (wanted_.mapping) whole = open_mapping(network, address) && whole;
    return whole;
}

bool Shell::open_mapping(Network& network, Ip4 address) {
    const std::string& lan = network.lan.name;
    bool whole = true;
    if (!network.mapping) {
        whole = take(open_udp(lan, {address, kMappingPort}), network.mapping, network,
                     Service::mapping);
    }
    if (!network.mapping6 && !network.lan.addresses6.empty()) {
        whole = take(open_udp6(lan, kMappingPort), network.mapping6, network, Service::mapping) &&
                whole;
    }
    return whole;
}

// A socket that was opened, or not, into its place.
bool Shell::take(Result<loop::Fd> made, loop::Fd& fd, const Network& network, Service service) {
    if (!made) return refused(made.failure());
    const int number = made->get();
    const Status watched = loop_.watch(
        number, EPOLLIN, [this, number, service, lan = network.lan.name](std::uint32_t) {
            read_udp(number,
                     [&](const Endpoint& from, std::optional<Ip6> to, std::string_view bytes) {
                         callbacks_.feed(Datagram{service, lan, from, std::string(bytes), to});
                     });
        });
    if (!watched) return refused(watched);
    fd = std::move(*made);
    return true;
}

bool Shell::refused(const Status& status) {
    if (last_failure_ != status.error().text) {
        last_failure_ = status.error().text;
        callbacks_.warn("socket is not open, trying again", last_failure_);
    }
    return false;
}

bool Shell::open_http(Network& network, Endpoint4 local) {
    if (network.http) return true;
    auto listening = open_listener(network.lan.name, local);
    if (!listening) return refused(listening.failure());
    auto made = control::HttpServer::make(
        loop_, std::move(*listening), [](int) { return false; },
        [this, lan = network.lan.name](const control::Request& request) {
            return answer(lan, request);
        },
        limits());
    if (!made) return refused(made.failure());
    network.http = std::move(*made);
    return true;
}

void Shell::close(Network& network) {
    for (loop::Fd* fd : {&network.ssdp_group, &network.ssdp, &network.mapping, &network.mapping6}) {
        if (*fd) loop_.unwatch(fd->get());
        *fd = {};
    }
    network.http.reset();
}

control::Response Shell::answer(const std::string& lan, const control::Request& request) const {
    HttpRequest in;
    in.lan = lan;
    in.client = request.peer.address;
    in.local = request.local;
    in.method = request.method;
    in.path = request.path;
    in.headers = request.headers;
    in.body = request.body;
    HttpAnswer out = callbacks_.serve(in);
    return {out.status, std::move(out.content_type), std::move(out.body), std::move(out.headers)};
}

Shell::Network* Shell::network_named(std::string_view lan) {
    const auto found =
        std::find_if(networks_.begin(), networks_.end(),
                     [lan](const Network& network) { return network.lan.name == lan; });
    return found == networks_.end() ? nullptr : &*found;
}

void Shell::send(const Send& message) {
    const Network* network = network_named(message.lan);
    if (network == nullptr) return;
    if (message.to.address.is_v6()) {
        if (network->mapping6) {
            send_udp6(network->mapping6.get(), message.to, message.from, message.bytes);
        }
        return;
    }
    const loop::Fd& fd = message.service == Service::ssdp ? network->ssdp : network->mapping;
    if (fd) send_udp(fd.get(), message.to, message.bytes);
}

void Shell::probe_host(const Probe& probe) {
    constexpr Port kDiscard{9};
    const Network* network = network_named(probe.lan);
    if (network == nullptr) return;
    const loop::Fd& fd = network->mapping ? network->mapping : network->ssdp;
    if (fd) send_udp(fd.get(), {probe.host, kDiscard}, {});
}

}  // namespace gatehouse::upnp
