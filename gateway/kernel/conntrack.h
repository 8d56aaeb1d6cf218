// SPDX-License-Identifier: GPL-2.0-or-later
//
// The kernel's sessions: list them, hear of them, end them. An announcement is a hint that may get
// lost; a list is the truth.
#pragma once

#include <functional>

#include "gateway/base/result.h"
#include "gateway/kernel/ct_codec.h"
#include "gateway/kernel/netlink.h"

namespace gatehouse::kernel {

class Conntrack {
  public:
    using OnSession = std::function<void(const Session&)>;
    using Wanted = std::function<bool(const Session&)>;

    static Result<Conntrack> open();

    // Tells every session of the family once. A session that changes meanwhile may be missed or
    // told in either form.
    Status list(SessionFamily family, const OnSession& on_session);
    // The session with this original (or reply) tuple, if there is one.
    Result<std::optional<Session>> find(const Tuple& tuple, std::uint16_t zone = 0);
    // Ends a session. One that is already gone is fine.
    Status remove(const Session& session);
    // Ends every session that is wanted gone; the number of those.
    Result<std::size_t> remove_if(SessionFamily family, const Wanted& wanted);
    // Ends the sessions that were translated to or from an outside address. Keepalives of a host
    // inside would refresh them for ever after the address is lost.
    Result<std::size_t> remove_translated_to(Ip4 outside);

  private:
    explicit Conntrack(NetlinkSocket socket) : socket_(std::move(socket)) {}

    NetlinkSocket socket_;
};

// The same list without waiting for it: part by part, so that nothing else has to wait either.
class SessionScan {
  public:
    using Part = NetlinkSocket::DumpPart;

    static Result<SessionScan> open();

    int fd() const { return socket_.fd(); }
    // False where the kernel does not take the question, or one runs already.
    bool begin(SessionFamily family);
    bool is_running() const { return running_; }
    // When fd() is readable: the next part. After the last one, or where it is broken, begin again.
    Part read(const Conntrack::OnSession& on_session);

  private:
    explicit SessionScan(NetlinkSocket socket) : socket_(std::move(socket)) {}

    NetlinkSocket socket_;
    bool running_ = false;
};

class ConntrackWatch {
  public:
    struct Groups {
        bool began = false;
        bool changed = false;
        bool ended = true;
    };

    static Result<ConntrackWatch> open(Groups groups);

    int fd() const { return socket_.fd(); }
    // Reads announcements. False if some were lost: list again.
    bool read(const std::function<void(const SessionEvent&)>& on_event);

  private:
    explicit ConntrackWatch(NetlinkSocket socket) : socket_(std::move(socket)) {}

    NetlinkSocket socket_;
};

}  // namespace gatehouse::kernel
