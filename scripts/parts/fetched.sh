# What scripts that fetch servers for tests have in common. They source it; it does nothing by itself.

# cache_of NAME VERSION: the folder for what is fetched.
cache_of() { echo "${XDG_CACHE_HOME:-$HOME/.cache}/seatunnel-$1/$2"; }

# once FOLDER PART FETCH...: prints the path of PART in FOLDER. If it is not there, FETCH is called with a folder more, in
# which it makes PART. Others that want it meanwhile wait.
once() {
    local folder="$1" part="$2"
    shift 2
    if [ ! -e "$folder/$part" ]; then
        mkdir -p "$folder"
        (
            set -e
            flock 9
            [ ! -e "$folder/$part" ] || exit 0
            # Elsewhere first: one that was cut off is never taken for whole.
            work="$(mktemp -d "$folder/fetch.XXXXXX")"
            trap 'rm -rf "$work"' EXIT
            # What is called by a function in a condition does not end at its first failure, whatever `set -e` says.
            "$@" "$work" >&2 && mv "$work/$part" "$folder/$part"
        ) 9>"$folder/lock" || return 1
    fi
    echo "$folder/$part"
}

# jars NAME MARK ARTIFACT... FOLDER: fetches artifacts of Maven, each GROUP:NAME:VERSION, and all that they need into
# FOLDER/libs. MARK is a pattern of a file that must be there then.
jars() {
    local name="$1" mark="$2" folder="${*: -1}" artifacts=("${@:3:$#-3}") artifact
    echo "fetching $name"
    {
        echo '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
        echo '<groupId>test</groupId><artifactId>server</artifactId><version>1</version><dependencies>'
        for artifact in "${artifacts[@]}"; do
            IFS=: read -r group artifact version <<<"$artifact"
            echo "<dependency><groupId>$group</groupId><artifactId>$artifact</artifactId><version>$version</version></dependency>"
        done
        echo '</dependencies></project>'
    } >"$folder/pom.xml"
    mvn -B -q -f "$folder/pom.xml" dependency:copy-dependencies -DoutputDirectory="$folder/libs" -DincludeScope=runtime
    compgen -G "$folder/libs/$mark" >/dev/null
}

# listens PORT: whether somebody does, on loopback.
listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# free_port: one that nobody listens to, nor to the one after it.
free_port() {
    local port
    for _ in $(seq 200); do
        port=$((12000 + (RANDOM * 32768 + RANDOM) % 20000))
        if ! listens "$port" && ! listens "$((port + 1))"; then
            echo "$port"
            return
        fi
    done
    echo "no free port found" >&2
    return 1
}

# usage SCRIPT: shows the comment at a script's head, and ends.
usage() {
    sed -n '2,/^set/p' "$1" | sed -n 's/^# \{0,1\}//p' >&2
    exit 2
}
