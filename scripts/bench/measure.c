/* measure RESULT PROGRAM [ARGUMENT...]: runs a program and writes to the file RESULT one line with
 * exit status, wall time (s), user and system CPU time (s) and peak resident memory (KiB).
 *
 * A small parent matters: Linux counts the memory of the process that forks into the peak of the child it starts,
 * so that measured from Python no program would seem to need less than Python does. */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int main(int count, char **arguments) {
    struct timespec start, end;
    struct rusage use;
    int status;
    if (count < 3) {
        fputs("usage: measure RESULT PROGRAM [ARGUMENT...]\n", stderr);
        return 2;
    }
    clock_gettime(CLOCK_MONOTONIC, &start);
    pid_t child = fork();
    if (child == 0) {
        execvp(arguments[2], arguments + 2);
        perror(arguments[2]);
        _exit(127);
    }
    if (child < 0 || wait4(child, &status, 0, &use) != child) {
        perror("measure");
        return 2;
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    FILE *result = fopen(arguments[1], "w");
    if (!result) {
        perror(arguments[1]);
        return 2;
    }
    fprintf(result, "%d %.6f %.6f %.6f %ld\n",
            WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
            (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9,
            (double)use.ru_utime.tv_sec + (double)use.ru_utime.tv_usec / 1e6,
            (double)use.ru_stime.tv_sec + (double)use.ru_stime.tv_usec / 1e6,
            use.ru_maxrss);
    return fclose(result) ? 2 : 0;
}
