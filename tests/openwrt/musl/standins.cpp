// SPDX-License-Identifier: GPL-2.0-or-later
//
// Debian's libraries call the checked forms that glibc has of some functions of C, and those for
// large files. With musl, which has none, these stand in: the plain function, with the check where
// it is one comparison.
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <unistd.h>

// NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): these are their names.
extern "C" {

int __vfprintf_chk(std::FILE* file, int /*flag*/, const char* format, std::va_list arguments) {
    return std::vfprintf(file, format, arguments);
}

int __fprintf_chk(std::FILE* file, int flag, const char* format, ...) {
    std::va_list arguments;
    va_start(arguments, format);
    const int written = __vfprintf_chk(file, flag, format, arguments);
    va_end(arguments);
    return written;
}

int __printf_chk(int flag, const char* format, ...) {
    std::va_list arguments;
    va_start(arguments, format);
    const int written = __vfprintf_chk(stdout, flag, format, arguments);
    va_end(arguments);
    return written;
}

int __vasprintf_chk(char** to, int /*flag*/, const char* format, std::va_list arguments) {
    return ::vasprintf(to, format, arguments);
}

int __asprintf_chk(char** to, int flag, const char* format, ...) {
    std::va_list arguments;
    va_start(arguments, format);
    const int written = __vasprintf_chk(to, flag, format, arguments);
    va_end(arguments);
    return written;
}

int __vsnprintf_chk(char* to, std::size_t size, int /*flag*/, std::size_t room, const char* format,
                    std::va_list arguments) {
    if (size > room) std::abort();
    return std::vsnprintf(to, size, format, arguments);
}

int __vsprintf_chk(char* to, int flag, std::size_t room, const char* format,
                   std::va_list arguments) {
    return __vsnprintf_chk(to, room, flag, room, format, arguments);
}

int __snprintf_chk(char* to, std::size_t size, int flag, std::size_t room, const char* format,
                   ...) {
    std::va_list arguments;
    va_start(arguments, format);
    const int written = __vsnprintf_chk(to, size, flag, room, format, arguments);
    va_end(arguments);
    return written;
}

int __sprintf_chk(char* to, int flag, std::size_t room, const char* format, ...) {
    std::va_list arguments;
    va_start(arguments, format);
    const int written = __vsnprintf_chk(to, room, flag, room, format, arguments);
    va_end(arguments);
    return written;
}

void* __memcpy_chk(void* to, const void* from, std::size_t size, std::size_t room) {
    if (size > room) std::abort();
    return std::memcpy(to, from, size);
}

void* __memset_chk(void* to, int value, std::size_t size, std::size_t room) {
    if (size > room) std::abort();
    return std::memset(to, value, size);
}

char* __strncpy_chk(char* to, const char* from, std::size_t size, std::size_t room) {
    if (size > room) std::abort();
    return std::strncpy(to, from, size);
}

char* __strcat_chk(char* to, const char* from, std::size_t room) {
    if (std::strlen(to) + std::strlen(from) >= room) std::abort();
    return std::strcat(to, from);
}

char* __strcpy_chk(char* to, const char* from, std::size_t room) {
    return static_cast<char*>(__memcpy_chk(to, from, std::strlen(from) + 1, room));
}

char* __strncat_chk(char* to, const char* from, std::size_t size, std::size_t room) {
    if (std::strlen(to) + strnlen(from, size) >= room) std::abort();
    return std::strncat(to, from, size);
}

long __fdelt_chk(long descriptor) {
    if (descriptor < 0 || descriptor >= FD_SETSIZE) std::abort();
    return descriptor / static_cast<long>(8 * sizeof(long));
}

int fcntl64(int file, int command, ...) {
    std::va_list arguments;
    va_start(arguments, command);
    void* argument = va_arg(arguments, void*);
    va_end(arguments);
    return ::fcntl(file, command, argument);
}

ssize_t pread64(int file, void* to, std::size_t size, off_t at) {
    return ::pread(file, to, size, at);
}

ssize_t sendfile64(int to, int from, off_t* at, std::size_t size) {
    return ::sendfile(to, from, at, size);
}

}  // extern "C"
// NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
