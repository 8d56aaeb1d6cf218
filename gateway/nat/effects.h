// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the engine asks the shell to do, and in which order the shell does it:
//   1. the batches, by id, each as one transaction; each is answered with Committed or
//      CommitFailed. Several may share a transaction; if that fails they are tried one by one;
//   2. a verdict as soon as the batch it waits for is committed, at once if it waits for none. The
//      verdicts that wait for a failed batch are dropped: the answer to CommitFailed has others;
//   3. the pinhole edits, in their order and as one transaction; PinholesFailed where it is
//   refused;
//   4. the deletion of sessions, so that what comes instead of them is in force;
//   5. the hosts that the kernel shall refuse; nobody waits for it;
//   6. the dumps.
// Effects are a buffer: the engine appends, the shell clears and uses them again.
#pragma once

#include <compare>
#include <cstdint>
#include <string_view>
#include <vector>

#include "gateway/base/ip.h"
#include "gateway/base/time.h"
#include "gateway/nat/mapping_service.h"

namespace gatehouse::nat {

// The maps and sets of `table inet gatehouse`. Key parts that a set does not have are zero.
//   source          inside, proto                  -> outside endpoint
//   source_address  inside, proto, remote address  -> outside endpoint
//   source_session  inside, proto, remote endpoint -> outside endpoint
//   inbound         outside, proto                 -> inside endpoint   new sessions from anywhere
//   inbound_remote  outside, proto, remote address -> inside endpoint
//   hairpin         outside, proto                 -> inside endpoint   new sessions from inside
//   open            inside, proto                  everybody may reach it
//   open_remote     inside, proto, remote address  this remote may reach it
//   permit          inside, proto, remote address  with a timeout: it was talked to
// A packet from outside that inbound or inbound_remote translates passes the filter where open,
// open_remote or permit has it.
enum class KernelSet : std::uint8_t {
    source,
    source_address,
    source_session,
    inbound,
    inbound_remote,
    hairpin,
    open,
    open_remote,
    permit,
};
std::string_view to_string(KernelSet set);
// Whether it tells how the house's own packets are translated.
constexpr bool is_source(KernelSet set) {
    return set <= KernelSet::source_session;
}

struct Element {
    KernelSet set = KernelSet::source;
    Proto proto = Proto::udp;
    Endpoint4 key;
    Endpoint4 remote;
    Endpoint4 value;  // zero in sets

    friend auto operator<=>(const Element&, const Element&) = default;
    bool same_key(const Element& other) const {
        return set == other.set && proto == other.proto && key == other.key &&
               remote == other.remote;
    }
};

struct Edit {
    enum class Kind : std::uint8_t {
        add,      // there with this value already: nothing to do
        remove,   // of an element that is there
        refresh,  // permit: there with this timeout from now on
    };

    Kind kind = Kind::add;
    Element element;
    Duration timeout{};  // refresh only

    friend bool operator==(const Edit&, const Edit&) = default;
};

using BatchId = std::uint64_t;  // grows; 0 is no batch

struct Batch {
    BatchId id = 0;
    std::uint32_t first = 0;  // place in Effects::edits
    std::uint32_t count = 0;
};

struct Verdict {
    enum class Kind : std::uint8_t {
        accept,
        drop,
        refuse,  // drop and tell the sender: ICMP 3/13, administratively prohibited
    };

    std::uint32_t token = 0;
    Kind kind = Kind::accept;
    BatchId after = 0;

    friend bool operator==(const Verdict&, const Verdict&) = default;
};

// An element of the IPv6 filter, in the set
//   pinhole_counted         inside, proto, port                  everybody may reach it
//   pinhole_counted_remote  inside, proto, port, remote address  this remote may
// (pinhole and pinhole_remote where the kernel does not count). A zero remote is everybody.
struct PinholeElement {
    Ip6 inside;
    Proto proto = Proto::udp;
    Port port;
    Ip6 remote;

    friend auto operator<=>(const PinholeElement&, const PinholeElement&) = default;
};

struct PinholeEdit {
    bool add = true;  // otherwise it is removed, and was there
    PinholeElement element;

    friend bool operator==(const PinholeEdit&, const PinholeEdit&) = default;
};

// For the log and the stream of events.
struct Notice {
    enum class Kind : std::uint8_t {
        mapping_added,
        mapping_ended,
        forward_added,
        forward_changed,
        forward_expired,
        forward_released,
        forward_failed,
        pinhole_added,
        pinhole_ended,
        outside_changed,
        refused,
    };

    Kind kind = Kind::mapping_added;
    Proto proto = Proto::udp;
    Refusal reason = Refusal::count_;      // of refused
    OwnerKind owner = OwnerKind::static_;  // of a forward or pinhole
    std::uint32_t id = 0;                  // of a forward or pinhole
    Endpoint4 inside;
    Endpoint4 outside;
    Endpoint4 remote;
    Ip6 pinhole;  // the inside address of one; its port is that of inside
};

std::string_view to_string(Notice::Kind kind);  // "mapping added"

// A session by what its host sent first.
struct SessionName {
    Proto proto = Proto::udp;
    Endpoint4 inside;
    Endpoint4 remote;
};

// Whether the sessions shall be told: SessionsBegin, SessionsSeen as often as needed, SessionsEnd.
enum class SessionDump : std::uint8_t {
    none,
    in_parts,  // over several turns, with other events in between
    at_once,   // before any other event: what comes next depends on it
};

struct Effects {
    std::vector<Edit> edits;
    std::vector<Batch> batches;
    std::vector<Verdict> verdicts;
    std::vector<PinholeEdit> pinholes;
    std::vector<Ip4> delete_sessions_to;  // sessions with this outside address
    std::vector<SessionName> delete_sessions;
    // Endpoints of these that have no mapping get none for a second, and nobody is asked.
    std::vector<Ip4> refuse_hosts;
    SessionDump dump_sessions = SessionDump::none;
    bool dump_elements = false;  // answer with ElementsSeen
    std::vector<Notice> notices;

    bool empty() const;
    // Keeps the memory.
    void clear();
    // Appends all of the other, which is cleared.
    void take(Effects& other);
};

// A batch grows no larger than this many edits.
constexpr std::uint32_t kMostEdits = 2000;

// Gathers the edits of one event into batches. While it is muted nothing is written: the kernel is
// not known yet, and all that is wanted is written after the comparison with it.
class EditWriter {
  public:
    void begin(Effects& out) {
        out_ = &out;
        first_ = out.edits.size();
    }
    // Closes the batch; the id of the last one with edits since begin(), or 0.
    BatchId end();

    void add(const Element& element);
    void remove(const Element& element);
    void refresh(const Element& element, Duration timeout);

    // The batch that the next edit belongs to.
    BatchId batch() const { return next_; }
    bool has_edits() const { return out_->edits.size() > first_; }
    void mute(bool muted) { muted_ = muted; }
    bool muted() const { return muted_; }
    Effects& effects() { return *out_; }

  private:
    void close();
    void write(const Edit& edit);
    // Takes back an edit of this batch, if it is among the latest ones.
    bool cancel(Edit::Kind kind, const Element& element);

    Effects* out_ = nullptr;
    std::size_t first_ = 0;
    BatchId next_ = 1;
    BatchId last_ = 0;
    bool muted_ = false;
};

}  // namespace gatehouse::nat
