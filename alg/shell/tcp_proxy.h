// SPDX-License-Identifier: GPL-2.0-or-later
//
// SIP over TCP: ends the connections that the ruleset leads here, makes one of its own to the same
// server for each, and passes on what the gateway makes of the bytes. Rules it keeps:
//   - without its listening socket the ruleset leads nobody here: connections that begin while the
//     daemon is dead, or while there are as many as there may be, are translated like all others;
//   - who does not read is not read for: at most one reading and one message wait for a side;
//   - each side sees the other's end, half or whole, and a refusal as one.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "alg/alg.h"
#include "gateway/base/result.h"
#include "gateway/kernel/nft_elements.h"
#include "gateway/loop/loop.h"

namespace gatehouse::sip {

class TcpProxy {
  public:
    static constexpr std::size_t kMost = 256;
    static constexpr std::size_t kMostOfHost = 32;      // then its next ones are only translated
    static constexpr std::size_t kHardMostOfHost = 64;  // until the ruleset has heard of it
    static constexpr std::size_t kReading = 16384;      // bytes at a time
    static constexpr Duration kCrowded = 60s;           // how long a host is left alone then
    static constexpr Duration kRetry = 2s;              // after listening was not possible

    using Feed = std::function<void(const Event&)>;

    // Listens on the first free one of some of these ports. The loop must live as long. The set in
    // the table holds the hosts whose connections are not to be led here. Feeding comes back with
    // perform().
    static Result<std::unique_ptr<TcpProxy>> open(loop::Loop& loop, PortRange ports,
                                                  const std::string& table, std::string set,
                                                  Feed feed);
    ~TcpProxy();
    TcpProxy(const TcpProxy&) = delete;
    TcpProxy& operator=(const TcpProxy&) = delete;

    Port port() const { return port_; }
    void perform(const Effects& effects);
    // Ends the connections that leave from another address: nothing comes back to them.
    void move_to(Ip4 outside);

  private:
    struct Side {
        loop::Fd fd;
        std::string waiting;  // to be sent
        std::uint32_t watched = 0;
        bool said_all = false;  // nothing more comes from it
        bool told_all = false;  // nothing more is sent to it
    };
    struct Connection {
        Endpoint4 host;
        Endpoint4 server;
        Side inside;
        Side outside;
        bool connected = false;
    };
    using Connections = std::map<StreamId, Connection>;

    TcpProxy(loop::Loop& loop, kernel::NftElements elements, std::string set, Feed feed)
        : loop_(loop),
          elements_(std::move(elements)),
          set_(std::move(set)),
          feed_(std::move(feed)) {}

    Status listen(Port port);
    void listen_again();
    void stop_listening();
    void accept();
    bool admit(Ip4 host);
    void connect(const StreamConnect& order);
    void on_events(StreamId id, bool outward, std::uint32_t events);
    void finish_connect(StreamId id, Connection& connection);
    void read(StreamId id, bool outward);
    void settle(StreamId id);
    bool send_waiting(Side& side, const Side& from) const;
    void watch(StreamId id, bool outward, Side& side, std::uint32_t events);
    void end(StreamId id, bool reset);

    loop::Loop& loop_;
    kernel::NftElements elements_;
    std::string set_;
    Feed feed_;
    loop::Fd listener_;
    Port port_;
    Connections connections_;
    std::map<Ip4, std::size_t> of_host_;
    std::optional<loop::TimerId> again_;
    StreamId next_ = 1;
};

}  // namespace gatehouse::sip
