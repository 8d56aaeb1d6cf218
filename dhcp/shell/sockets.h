// SPDX-License-Identifier: GPL-2.0-or-later
//
// The sockets of the links that are served. They follow interfaces that come, go, and come back
// with another index. Under more load than can be served, what finishes an exchange goes before
// what begins one, and beginnings that would wait too long are dropped unread: otherwise most
// exchanges would be begun and none finished.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "dhcp/events.h"
#include "gateway/base/result.h"
#include "gateway/kernel/packet_socket.h"
#include "gateway/loop/loop.h"

namespace gatehouse::dhcp {

struct ServedLink {
    std::string interface;
    unsigned index = 0;
    Mac mac;

    friend bool operator==(const ServedLink&, const ServedLink&) = default;
};

class Sockets {
  public:
    using Feed = std::function<void(const Event&)>;
    using Complain = std::function<void(const std::string& interface, const Error&)>;

    static constexpr std::size_t kMostWaiting = 512;  // discovers

    Sockets(loop::Loop& loop, Feed feed, Complain complain)
        : loop_(loop), feed_(std::move(feed)), complain_(std::move(complain)) {}
    Sockets(const Sockets&) = delete;
    Sockets& operator=(const Sockets&) = delete;
    ~Sockets();

    // Serves these links and no others. What is wrong with one is complained about once.
    void serve(const std::vector<ServedLink>& links);
    // Tries those again that could not be served.
    void retry();
    void send(const Effects& effects);
    // Packets that were dropped because too many waited.
    std::uint64_t unread() const { return unread_; }

  private:
    struct Open {
        ServedLink link;
        loop::Fd udp;
        kernel::PacketSocket frames;
    };

    struct Waiting {
        std::string interface;
        std::vector<std::uint8_t> packet;
        Ip4 source;
    };

    Result<Open> open(const ServedLink& link);
    Status start(const ServedLink& link);
    void close(const Open& open);
    void read_requests(const std::string& interface);
    void serve_waiting();
    void read_arp(const std::string& interface);
    void send(const Open& open, const Send& send);

    loop::Loop& loop_;
    Feed feed_;
    Complain complain_;
    std::map<std::string, Open> open_;
    std::vector<ServedLink> wanted_;
    std::map<std::string, std::string> failed_;  // interface -> what was wrong last
    std::deque<Waiting> waiting_;
    std::optional<loop::TimerId> turn_;
    std::uint64_t unread_ = 0;
};

}  // namespace gatehouse::dhcp
