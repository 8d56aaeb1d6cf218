// SPDX-License-Identifier: GPL-2.0-or-later
//
// Two houses across one internet, each with Gatehouse in it. The NAT type of a house changes while
// it runs, which costs a reload and not a new lab: what begins after the change is of the new type,
// so a test that changes types uses new sockets.
//
//   phone   .20 --+                                                        +-- .20 phone
//   console .30 --+-- [left router] 11.0.0.1 --+-- 11.0.0.5 [right router] --+-- .30 console
//   pc      .10 --+                            |                           +-- .10 pc
//                                    [internet] 11.0.0.2 .3 .4
#pragma once

#include <string>
#include <string_view>

#include "tests/lab/support/house.h"
#include "tests/lab/support/router.h"

namespace gatehouse::lab {

// From the one that lets everybody in to the one that lets in nobody it did not ask.
inline constexpr std::string_view kNatTypes[] = {"full-cone", "restricted-cone",
                                                 "port-restricted-cone", "symmetric"};

// A house with Gatehouse in it.
class Home {
  public:
    explicit Home(HouseOptions options);

    House house;
    Router router;

    // Changes the NAT type and returns when it is in force.
    void becomes(std::string_view type);
    const std::string& type() const { return type_; }

  private:
    std::string type_;
};

class Street {
  public:
    Street();

    Internet net;
    Home left;
    Home right;
};

// Whether two peers behind NATs of these types can reach each other once a third has told each of
// them how the other looks. A NAT whose mapping depends on the destination shows the other peer a
// port that nobody could announce: it is let in only where the port does not matter.
bool types_allow(std::string_view first, std::string_view second);

// What a NAT behind another one amounts to: the stricter of the two.
std::string_view stricter(std::string_view first, std::string_view second);

}  // namespace gatehouse::lab
