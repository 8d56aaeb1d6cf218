// SPDX-License-Identifier: GPL-2.0-or-later
//
// SSDP (UPnP Device Architecture 1.1, section 1): how control points find the gateway. Rules:
//   - answers go to sources on the network where the question arrived, and within a budget for
//     each source and for all: a forged source cannot make us flood anybody;
//   - an answer comes at a time within MX that differs from one to the next; who asks the router
//     alone is answered at once (1.3.3);
//   - each set of greetings that follows a farewell, or a start, has a higher BOOTID (1.2.2);
//   - what is no search is discarded as a whole;
//   - over IPv6 the same is said, with an address of the router there that is not link-local: a
//     link-local one in an URL would need the name of an interface that is the reader's own.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/hash.h"
#include "gateway/base/ip.h"
#include "gateway/base/time.h"
#include "upnp/events.h"
#include "upnp/model.h"

namespace gatehouse::upnp {

struct Search {
    std::string target;
    std::chrono::seconds mx{};  // at most kMostMx
    std::string user_agent;

    friend bool operator==(const Search&, const Search&) = default;
};

constexpr std::size_t kLongestSearch = 1500;
constexpr std::chrono::seconds kMostMx{5};
constexpr std::chrono::seconds kMaxAge{1800};  // 1.2.2: at least

std::optional<Search> parse_search(std::string_view message);

// What a tree calls itself: each pair of NT (or ST) and USN.
struct Advertisement {
    Tree tree = Tree::igd1;
    std::string type;
    std::string usn;
};
std::vector<Advertisement> advertisements(Tree tree, const Identity& identity);

// Those that a search finds. An old client (by its user agent) is shown the first tree only.
std::vector<Advertisement> found_by(const Search& search, const Identity& identity);

// What all messages say of this router.
struct SsdpFacts {
    const Identity& identity;
    std::string_view version;
    Endpoint server;  // of HTTP, on the network where the message goes
    std::uint32_t boot = 0;
    Endpoint group{kSsdpGroup, kSsdpPort};  // where a message to all goes
};
std::string write_search_answer(const SsdpFacts& facts, const Advertisement& what);
std::string write_alive(const SsdpFacts& facts, const Advertisement& what);
std::string write_byebye(const SsdpFacts& facts, const Advertisement& what);

// How many bytes a source may be sent. Tokens fill up again slowly, so that a flood of questions
// gets less than three times its own bytes.
class SsdpBudget {
  public:
    static constexpr std::int64_t kBurst = 32768;
    static constexpr std::int64_t kPerSecond = 256;
    static constexpr std::int64_t kBurstOfAll = 131072;
    static constexpr std::int64_t kPerSecondOfAll = 8192;
    static constexpr std::size_t kMostSources = 1024;

    // Takes the bytes where they are there.
    bool take(const IpAddress& source, std::size_t bytes, Instant now);

  private:
    struct Bucket {
        std::int64_t tokens = 0;
        Instant filled;

        void fill(Instant now, std::int64_t per_second, std::int64_t burst);
    };

    std::map<IpAddress, Bucket> sources_;
    Bucket all_{kBurstOfAll, {}};
};

}  // namespace gatehouse::upnp
