import { chromium } from 'playwright'
import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, writeFileSync, readFileSync, rmSync, mkdtempSync } from 'node:fs'
const dir = mkdtempSync('/tmp/insp-')+'/docs'; cpSync('docs', dir, {recursive:true})
const child = spawn('node', ['examples/live-site/dist/main.js','--root',dir,'--port','0','--log','info'])
let out=''; const url = await new Promise(r=>{ child.stdout.on('data',d=>{out+=d; const m=out.match(/"url":"([^"]+)"/); if(m) r(m[1])})})
const browser = await chromium.launch({executablePath:'/usr/bin/chromium'})
const page = await browser.newPage({viewport:{width:1400,height:860}})
const siteTab = await browser.newPage(); await siteTab.goto(url+'guide/2-queries')
await page.goto(url+'_site/inspector')
await page.waitForFunction(()=>document.querySelector('#inspector').shadowRoot?.querySelector('[data-part=size]')?.textContent.includes('records'))
await page.waitForTimeout(1500)
const edit = (text)=>{ const f = dir+'/guide/2-queries.md'; writeFileSync(f, readFileSync(f,'utf8')+text) }
edit('\n\nA new paragraph.\n'); await page.waitForSelector('[data-revision]'); await page.waitForTimeout(1200)
edit('\n\n## A new heading\n'); await page.waitForTimeout(2000)
await page.locator('[data-revision]').first().click(); await page.waitForTimeout(600)
mkdirSync('docs/guide/images',{recursive:true})
await page.screenshot({path:'docs/guide/images/inspector.png'})
await page.locator('[data-revision]').first().click()
await page.fill('input[aria-label="Search records"]','title(guide/2-queries.md'); await page.waitForTimeout(500)
await page.click('[data-part=found] button'); await page.waitForTimeout(1200)
await page.screenshot({path:'docs/guide/images/inspector-record.png'})
await browser.close(); child.kill('SIGINT')
