-- What became of the samples of one run. Variables: run, the label that names it; root, the results directory.
\pset footer off
\pset null ''

create temporary view sample as
    select *, result -> 'files' as files from sandmill.executions;

select state, reason, count(*) as programs, sum(jsonb_array_length(files)) as files,
       round((avg(wall_seconds) * 1000)::numeric, 1) as "mean ms",
       string_agg(labels ->> 'program', ', ') filter (where state <> 'succeeded') as which
    from sample
    where labels ->> 'run' = :'run'
    group by state, reason
    order by programs desc, state, reason;

\pset tuples_only on
\pset format unaligned
\echo 'Their files are below' :root ', for example:'
select '  ' || results_path || '/files/' || (file ->> 'path')
    from sample, jsonb_array_elements(files) as file
    where labels ->> 'run' = :'run' and labels ->> 'input' = '0'
        and file ->> 'path' in ('chart.svg', 'mandelbrot.png', 'solution.txt', 'solved.txt', 'summary.csv')
    order by labels ->> 'program';
\echo

select count(*) as programs, coalesce(string_agg(id::text, ', ') filter (where state is distinct from labels ->> 'expect'), 'none has ended') as otherwise,
       count(*) = 0 or count(*) filter (where state is distinct from labels ->> 'expect') > 0 as differs
    from sample
    where labels ->> 'run' = :'run'
\gset
\if :differs
    \warn 'Ended otherwise than expected:' :otherwise
    -- With ON_ERROR_STOP this is what psql fails by.
    do $$ begin raise 'programs ended otherwise than expected'; end $$;
\endif
\echo 'Each of the' :programs 'programs ended as it was to end.'
