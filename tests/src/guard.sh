# Reads what its parent starts and stops; at the end of the pipe, ends what is left.
# Lines: "+kind how what" when something begins, "-kind how what" when it is gone.
trap '' HUP INT QUIT TERM
IFS='
'
watched=

while IFS= read -r line; do
    entry=${line#?}
    case $line in
    +*) watched="$watched
$entry" ;;
    -*)
        kept=
        for each in $watched; do
            [ "$each" = "$entry" ] || kept="$kept
$each"
        done
        watched=$kept
        ;;
    esac
done

of_kind() { # every "how what" of one kind
    for each in $watched; do
        case $each in
        "$1 "*) printf '%s\n' "${each#"$1 "}" ;;
        esac
    done
}

children_of() {
    if [ -r "/proc/$1/task/$1/children" ]; then
        cat "/proc/$1"/task/*/children 2>/dev/null | tr ' ' '\n'
    else
        pgrep -P "$1"
    fi
}

everyone=
# Commands and test processes; each test process has a guard of its own for its own servers.
for each in $(of_kind group); do
    everyone="$everyone
-${each#* }"
    kill -TERM "-${each#* }"
done
for each in $(of_kind server); do
    pid=${each#* }
    everyone="$everyone
$(children_of "$pid")
$pid"
done
for pid in $everyone; do # a frozen one can't hear anything else
    kill -CONT "$pid"
done
for each in $(of_kind server); do
    kill -"${each%% *}" "${each#* }"
done
for each in $(of_kind container); do
    docker rm --force --volumes "${each#* }"
done
rounds=0
while [ "$rounds" -lt 20 ]; do
    alive=
    for pid in $everyone; do
        kill -0 "$pid" && alive=yes
    done
    [ -n "$alive" ] || break
    sleep 0.1
    rounds=$((rounds + 1))
done
if [ "$rounds" -eq 20 ]; then
    for pid in $everyone; do
        kill -KILL "$pid"
    done
fi
for each in $(of_kind folder); do
    # A Postgres that could not tidy up leaves a shared segment; its seventh line names it.
    segment=$(sed -n '7s/.* //p' "${each#* }/data/postmaster.pid")
    [ -z "$segment" ] || ipcrm -m "$segment"
    rm -rf -- "${each#* }"
done
