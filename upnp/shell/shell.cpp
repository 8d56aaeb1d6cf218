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
    for (Network& network : networks_)
        close(network);
}

void Shell::perform(const Effects& effects) {
    if (effects.listen) listen(*effects.listen);
    if (effects.replace_journal) note_store(store_.replace(*effects.replace_journal));
    if (!effects.append_journal.empty()) note_store(store_.append(effects.append_journal));
    for (const Notify& notify : effects.notifies)
        notifier_.deliver(notify);
    for (const Send& message : effects.sends) {
        if (message.made && !callbacks_.is_in_force(*message.made)) continue;
        if (message.delay <= Duration::zero()) {
            send(message);
        } else if (delayed_ < kMostDelayed) {
            ++delayed_;
            loop_.after(message.delay, [this, message] {
                --delayed_;
                send(message);
            });
        }
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
    bool whole = true;
    if (wanted_.igd) {
        whole =
            open_udp_into(network.ssdp_group, network, Service::ssdp, {kSsdpGroup, kSsdpPort}) &&
            open_udp_into(network.ssdp, network, Service::ssdp, {address, kSsdpPort}) &&
            open_http(network, {address, wanted_.http});
    }
    if (!wanted_.mapping) return whole;
    return open_udp_into(network.mapping, network, Service::mapping, {address, kMappingPort}) &&
           whole;
}

bool Shell::open_udp_into(loop::Fd& fd, const Network& network, Service service, Endpoint4 local) {
    if (fd) return true;
    auto made = open_udp(network.lan.name, local);
    Status status = made ? Status() : Status(made.failure());
    if (made) {
        const int number = made->get();
        status = loop_.watch(
            number, EPOLLIN, [this, number, service, lan = network.lan.name](std::uint32_t) {
                read_udp(number, [&](Endpoint from, std::string_view bytes) {
                    callbacks_.feed(Datagram{service, lan, from, std::string(bytes)});
                });
            });
    }
    if (status) {
        fd = std::move(*made);
        return true;
    }
    if (last_failure_ != status.error().text) {
        last_failure_ = status.error().text;
        callbacks_.warn("socket is not open, trying again", last_failure_);
    }
    return false;
}

bool Shell::open_http(Network& network, Endpoint4 local) {
    if (network.http) return true;
    auto listening = open_listener(network.lan.name, local);
    Status status = listening ? Status() : Status(listening.failure());
    if (listening) {
        auto made = control::HttpServer::make(
            loop_, std::move(*listening), [](int) { return false; },
            [this, lan = network.lan.name](const control::Request& request) {
                return answer(lan, request);
            },
            limits());
        if (made) {
            network.http = std::move(*made);
            return true;
        }
        status = made.failure();
    }
    if (last_failure_ != status.error().text) {
        last_failure_ = status.error().text;
        callbacks_.warn("socket is not open, trying again", last_failure_);
    }
    return false;
}

void Shell::close(Network& network) {
    for (loop::Fd* fd : {&network.ssdp_group, &network.ssdp, &network.mapping}) {
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

void Shell::send(const Send& message) {
    const auto found =
        std::find_if(networks_.begin(), networks_.end(),
                     [&](const Network& network) { return network.lan.name == message.lan; });
    if (found == networks_.end()) return;
    const loop::Fd& fd = message.service == Service::ssdp ? found->ssdp : found->mapping;
    if (fd) send_udp(fd.get(), message.to, message.bytes);
}

}  // namespace gatehouse::upnp
