/* Does what LAUNCHER in forkserver.py does, without the start of Python for it.  Needs SOCKET and PYTHON. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define START "import sys; del sys.path[0], sys.argv[0]; from sealedfiles.__main__ import main; sys.exit(main())"

extern char **environ;

static int start_program(int count, char **arguments)
{
    char **command = calloc(count + 4, sizeof *command);
    command[0] = PYTHON;
    command[1] = "-c";
    command[2] = START;
    command[3] = (char *)getauxval(AT_EXECFN);
    memcpy(command + 4, arguments + 1, (count - 1) * sizeof *command);
    execv(PYTHON, command);
    return 70;
}

static int send_streams(int server, unsigned size)
{
    unsigned char length[4] = {size, size >> 8, size >> 16, size >> 24};
    struct iovec part = {length, sizeof length};
    int streams[] = {0, 1, 2};
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof streams)];
    } rights = {.header = {CMSG_LEN(sizeof streams), SOL_SOCKET, SCM_RIGHTS}};
    memcpy(CMSG_DATA(&rights.header), streams, sizeof streams);
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &rights, .msg_controllen = sizeof rights};
    return sendmsg(server, &message, 0) < 0;
}

int main(int count, char **arguments)
{
    int is_git = count > 1 && !strcmp(arguments[1], "git");
    int is_hook = count > 2 && !strcmp(arguments[1], "hook") && !strcmp(arguments[2], "run");
    if (!is_git && !is_hook)
        return start_program(count, arguments);

    mode_t mask = umask(0);
    umask(mask);
    char *request;
    size_t size;
    FILE *parts = open_memstream(&request, &size);
    fprintf(parts, "%d%c%d%c%s%c%d", (int)mask, 0, (int)getppid(), 0, getcwd(NULL, 0), 0, count - 1);
    for (char **argument = arguments + 1; *argument; argument++)
        fprintf(parts, "%c%s", 0, *argument);
    for (char **variable = environ; *variable; variable++)
        fprintf(parts, "%c%s", 0, *variable);
    fclose(parts);

    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = SOCKET};
    int server = socket(AF_UNIX, SOCK_STREAM, 0);
    if (connect(server, (struct sockaddr *)&address, sizeof address) || send_streams(server, size))
        return 70;
    for (size_t sent = 0; sent < size;) {
        ssize_t more = write(server, request + sent, size - sent);
        if (more < 0)
            return 70;
        sent += more;
    }
    for (int stream = 0; stream < 3; stream++)
        close(stream);
    char status[16] = "";
    _exit(read(server, status, sizeof status - 1) > 0 ? atoi(status) : 70);
}
